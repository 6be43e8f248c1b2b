"""Levels of index fields and of what recognition proposes, from the catalogue's data.

The rule itself is ``security.fields``. A key that the data does not name is sensitive: better
hidden than shown by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from digitization import catalogue
from digitization.models import Dossier
from security import fields as security_fields
from security.levels import Secrecy, Sensitivity
from security.models import User


@dataclass(frozen=True)
class KeyLevel:
    """Level and sensitivity of what stands under one key."""

    key: str
    level: int = Secrecy.INTERNAL
    sensitivity: int = Sensitivity.SENSITIVE


@cache
def known_levels() -> dict[str, KeyLevel]:
    """Every key of the catalogue: index fields and proposals."""
    entries = [*catalogue.index_fields(), *catalogue.index_fields("system")]
    return {
        entry["key"]: KeyLevel(entry["key"], entry["level"], entry["sensitivity"])
        for entry in [*entries, *catalogue.proposal_keys()]
    }


def levels_of(keys: Iterable[str]) -> list[KeyLevel]:
    return [known_levels().get(key, KeyLevel(key)) for key in keys]


def readable_keys(user: User, dossier: Dossier, keys: Iterable[str]) -> set[str]:
    """Which of these keys this user may read in this (visible) dossier."""
    return security_fields.readable_fields(user, dossier, levels_of(keys))
