"""Fixtures that several test modules of this floor name."""

from __future__ import annotations

import pytest

from tests.digitization.make import Room, make_room


@pytest.fixture
def room() -> Room:
    return make_room()
