"""The data files of the app: seven steps, document types, index fields. Read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"


@cache
def _load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DATA / name).read_text("utf-8"))
    return content


def steps() -> list[dict[str, Any]]:
    """The seven steps: number, title, content, outputs, control_point."""
    return list(_load("steps.yaml")["steps"])


def document_types(kind: str) -> list[dict[str, Any]]:
    """Document types of one kind of file: number, code, name, priority, may_repeat, sensitivity."""
    for entry in _load("catalogue.yaml")["kinds"]:
        if entry["kind"] == kind:
            return list(entry["types"])
    raise KeyError(kind)


def index_fields(source: str = "keyed") -> list[dict[str, Any]]:
    """Index fields that a person keys (or that the system knows: ``source="system"``)."""
    return [f for f in _load("catalogue.yaml")["index_fields"] if f["source"] == source]


def proposal_keys() -> list[dict[str, Any]]:
    """Keys under which recognition proposes values: key, level, sensitivity."""
    return list(_load("catalogue.yaml")["proposals"])
