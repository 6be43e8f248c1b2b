"""Everything that can be wrong with a plan file, found before anything is written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from campaign.planfile.reading import Document, Path

SCHEMA_FILE = FilePath(__file__).parent.parent / "data" / "plan.schema.json"

_dates = FormatChecker(formats=())


@_dates.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if isinstance(value, str):
        date.fromisoformat(value)
    return True


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return Draft202012Validator(schema, format_checker=_dates)


# Lists whose entries must differ in one key.
UNIQUE = (
    ("units", "code"),
    ("phases", "number"),
    ("groups", "number"),
    ("blocks", "number"),
    ("matrix", "number"),
    ("products", "code"),
    ("briefings", "day"),
    ("support_lines", "number"),
    ("people", "username"),
)


def check(document: Document, known_units: Collection[str] = ()) -> None:
    """Add every problem to the document. known_units: codes that exist in the database."""
    if document.data is None:
        return
    for error in _validator().iter_errors(document.data):
        _schema_problem(document, error)
    if document.problems or not isinstance(document.data, dict):
        # Shapes first: the checks below may then trust them.
        return
    _check_unique(document)
    _check_units(document, known_units)
    _check_numbers(document)
    _check_tasks_named(document)
    _check_partners(document)
    _check_dates(document)


def _schema_problem(document: Document, error: ValidationError) -> None:
    path: Path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known: dict[str, Any] = error.schema["properties"]  # type: ignore[index]
        for key in error.instance:
            if key not in known:
                document.problem((*path, key), "unknown key")
        return
    best = min(error.context or [error], key=lambda e: -len(e.absolute_path))
    document.problem(tuple(best.absolute_path) or path, _said(best))


def _said(error: ValidationError) -> str:
    if error.validator == "format":
        return f"{error.instance} is not a date that exists"
    if error.validator == "required":
        return str(error.message).replace("is a required property", "is missing")
    return str(error.message)[:200]


def _check_unique(document: Document) -> None:
    for section, key in UNIQUE:
        _report_twice(
            document, [((section, i, key), row[key]) for i, row in _rows(document, section)]
        )
    codes: list[tuple[Path, Any]] = [
        (("tasks", i, "code"), row["code"]) for i, row in _rows(document, "tasks")
    ]
    codes += [(("matrix", *_cell(path)), code) for path, code in milestones(document.data)]
    _report_twice(document, codes)
    named = document.data.get("assignments", {})
    for section, key in (("tasks", "task"), ("blocks", "block")):
        rows = enumerate(named.get(section, []))
        places: list[tuple[Path, Any]] = [
            (("assignments", section, i, key), row[key]) for i, row in rows
        ]
        _report_twice(document, places)


def _cell(path: tuple[int, int]) -> Path:
    return path[0], "cells", path[1]


def _report_twice(document: Document, places: list[tuple[Path, Any]]) -> None:
    first: dict[Any, Path] = {}
    for path, value in places:
        if value in first:
            line = document.line(first[value])
            document.problem(path, f"duplicate code {value!r}, first in line {line}")
        first.setdefault(value, path)


def milestones(data: dict[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    """(matrix index, cell index) and code ``M<row>.<week>`` of every non-empty cell."""
    for i, row in enumerate(data.get("matrix", [])):
        for j, words in enumerate(row["cells"]):
            if words is not None:
                yield (i, j), f"M{row['number']}.{j + 1}"


def _rows(document: Document, section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    yield from enumerate(document.data.get(section, []))


def _unit_references(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every place where a unit is named, wherever it stands."""
    if isinstance(data, list):
        for i, item in enumerate(data):
            yield from _unit_references(item, (*path, i))
    elif isinstance(data, dict):
        for key, value in data.items():
            here = (*path, key)
            if isinstance(value, str) and key in {"unit", "lead", "parent", "standing_unit"}:
                yield here, value
            elif isinstance(value, list) and (
                key in {"coordinating", "signing"} or (key == "members" and path[:1] == ("units",))
            ):
                yield from (((*here, i), v) for i, v in enumerate(value) if isinstance(v, str))
                yield from _unit_references([v for v in value if isinstance(v, dict)], here)
            else:
                yield from _unit_references(value, here)


def _check_units(document: Document, known: Collection[str]) -> None:
    there = {row["code"] for _, row in _rows(document, "units")} | set(known)
    for path, code in _unit_references(document.data):
        if code not in there:
            document.problem(path, f"unknown unit {code!r}")
    parents = {row["code"]: row.get("parent") for _, row in _rows(document, "units")}
    for i, row in _rows(document, "units"):
        seen, above = {row["code"]}, row.get("parent")
        while above and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above:
            document.problem(("units", i, "parent"), "the units above it form a circle")


def _check_numbers(document: Document) -> None:
    """Rows name phases, groups, blocks and matrix rows that exist."""
    data = document.data
    there = {
        key: {row["number"] for row in data.get(section, [])}
        for key, section in (
            ("week", "phases"),
            ("group", "groups"),
            ("block", "blocks"),
            ("matrix_row", "matrix"),
        )
    }
    named: list[tuple[Path, dict[str, Any]]] = []
    for section in ("tasks", "matrix"):
        named += [((section, i), row) for i, row in _rows(document, section)]
    for i, row in enumerate(data.get("assignments", {}).get("blocks", [])):
        named.append((("assignments", "blocks", i), row))
    for path, row in named:
        for key in there.keys() & row.keys():
            if row[key] not in there[key]:
                document.problem((*path, key), f"there is no {key} {row[key]}")
    for i, row in _rows(document, "matrix"):
        if len(row["cells"]) != len(data["phases"]):
            said = f"{len(row['cells'])} cells for {len(data['phases'])} phases"
            document.problem(("matrix", i, "cells"), said)


def _check_tasks_named(document: Document) -> None:
    data = document.data
    rows = {row["code"] for row in data.get("tasks", [])}
    every = rows | {code for _, code in milestones(data)}
    for i, row in _rows(document, "matrix"):
        if row.get("follows", None) not in {None, *rows}:
            document.problem(("matrix", i, "follows"), f"unknown task {row['follows']!r}")
    for i, row in _rows(document, "products"):
        for j, code in enumerate(row.get("tasks", [])):
            if code not in every:
                document.problem(("products", i, "tasks", j), f"unknown task {code!r}")
    for i, row in enumerate(data.get("assignments", {}).get("tasks", [])):
        if row["task"] not in every:
            document.problem(("assignments", "tasks", i, "task"), f"unknown task {row['task']!r}")


def _check_partners(document: Document) -> None:
    """A unit works along once, and never with itself as the lead."""
    named = document.data.get("assignments", {}).get("tasks", [])
    leads = {row["task"]: row["lead"] for row in named if "lead" in row}
    for i, row in _rows(document, "tasks"):
        lead = leads.get(row["code"], row.get("lead"))
        seen: set[str] = set()
        for j, item in enumerate(row.get("coordinating", [])):
            unit = item if isinstance(item, str) else item["unit"]
            if unit == lead:
                document.problem(("tasks", i, "coordinating", j), f"{unit!r} leads this task")
            if unit in seen:
                document.problem(("tasks", i, "coordinating", j), f"{unit!r} is named twice")
            seen.add(unit)


def _check_dates(document: Document) -> None:
    data = document.data
    spans: list[tuple[Path, dict[str, Any]]] = [(("campaign",), data["campaign"])]
    spans += [(("phases", i), row) for i, row in _rows(document, "phases")]
    for path, row in spans:
        if row["end"] < row["start"]:
            document.problem((*path, "end"), "the end lies before the start")
    for section in ("tasks", "products"):
        for i, row in _rows(document, section):
            deadline = row.get("deadline", {})
            if deadline.get("printed", "").startswith("Trước") and "by" in deadline:
                document.problem(
                    (section, i, "deadline"),
                    "printed “Trước …” ends when that day begins: write before, not by",
                )
