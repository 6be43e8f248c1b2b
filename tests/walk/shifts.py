"""Doors asked in every run and doors asked with ``bin/test --all`` alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.walk.register import Door

IN_EVERY_RUN = 8  # one in so many; what hands out pictures and files is asked each time
ALWAYS = ("page", "export_file", "member_detail", "cadre_detail", "task_detail", "dossier")


def by_shift(doors: Iterable[Door]) -> list[Any]:
    """The doors as parameters of a test, most of them marked ``long``."""
    return [
        door
        if number % IN_EVERY_RUN == 0 or door.name.endswith(ALWAYS)
        else pytest.param(door, marks=pytest.mark.long)
        for number, door in enumerate(doors)
    ]
