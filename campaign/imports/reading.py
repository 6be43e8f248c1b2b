"""From the cells of a sheet to rows of named cells: headings found, what no cell may hold told."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from openpyxl.utils import column_index_from_string, get_column_letter

from campaign.imports.problems import CellProblem
from campaign.table_columns import CODE, TASK_COLUMNS, TITLE, Column
from digitization.ocr.workbook import Found, Sheet
from security.search import folded

HEADING_WITHIN = 20
LONGEST = 5000
RANGE = re.compile(r"([A-W]?[A-Z]{1,2})([0-9]{1,7}):([A-W]?[A-Z]{1,2})([0-9]{1,7})")
SEEN_WITHOUT_GLYPH = {"\n", "\t", "\r"}


@dataclass(frozen=True)
class Cell:
    """One cell: address, kind as in ``digitization.ocr.workbook`` and value."""

    at: str
    kind: str
    value: Any

    @property
    def text(self) -> str:
        """As a person would write it: 3.0 is 3, a date is dd/mm/yyyy."""
        if self.kind == "date":
            year, month, day = str(self.value).split("-")
            return f"{day}/{month}/{year}"
        return str(self.value).strip()


@dataclass(frozen=True)
class Line:
    """One row of the table: its number and its cells by the key of their column."""

    row: int
    cells: dict[str, Cell]

    def as_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "cells": {key: [c.at, c.kind, c.value] for key, c in self.cells.items()},
        }


def line_of(kept: dict[str, Any]) -> Line:
    """A line as it was kept in JSON."""
    return Line(kept["row"], {key: Cell(*cell) for key, cell in kept["cells"].items()})


@dataclass
class Table:
    """What a sheet says. passed: headings of columns that are not looked at."""

    lines: list[Line] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    heading: int = 0
    columns: dict[str, str] = field(default_factory=dict)  # letter of each column found

    def problem(self, at: str, row: int, code: str, **said: str) -> None:
        self.problems.append(CellProblem(at, row, code, said))


def table_of(sheet: Sheet) -> Table:
    """Read the sheet as a table of tasks; all that is wrong with its form, at once."""
    table = Table()
    columns = _headings(sheet, table)
    table.columns = {column.key: get_column_letter(at) for at, column in columns.items()}
    if not columns:
        table.problem("A1", 1, "no_heading", title=str(TITLE.label))
        return table
    for number, cells in sheet.rows:
        if number > table.heading:
            line = _line(number, cells, columns, table)
            if line.cells:
                table.lines.append(line)
    _merged(sheet, columns, table)
    if not table.lines and not table.problems:
        table.problem("", 0, "no_rows")
    return table


def _known() -> dict[str, Column]:
    return {folded(label): column for column in TASK_COLUMNS for label in column.labels()}


def _headings(sheet: Sheet, table: Table) -> dict[int, Column]:
    """Columns by their number, from the first row that names the title or the code."""
    known = _known()
    for number, cells in sheet.rows:
        if number > HEADING_WITHIN:
            break
        named = [(at, str(value), known.get(folded(str(value)))) for at, _kind, value in cells]
        keys = {column.key for _at, _label, column in named if column is not None}
        if len(keys) > 1 and keys & {CODE.key, TITLE.key}:
            table.heading = number
            return _each_once(named, number, table)
    return {}


def _each_once(
    named: list[tuple[int, str, Column | None]], number: int, table: Table
) -> dict[int, Column]:
    columns: dict[int, Column] = {}
    for at, label, column in named:
        if column is None:
            table.passed.append(label[:80])
        elif column in columns.values():
            table.problem(_address(at, number), number, "heading_twice", label=label[:80])
        else:
            columns[at] = column
    return columns


def _line(number: int, cells: list[Found], columns: dict[int, Column], table: Table) -> Line:
    found: dict[str, Cell] = {}
    for at, kind, value in cells:
        column = columns.get(at)
        if column is None or not column.taken:
            continue
        address = _address(at, number)
        if kind == "formula":
            table.problem(address, number, "formula")
        elif kind == "error":
            table.problem(address, number, "error_cell", text=str(value)[:20])
        else:
            kept = clean(str(value)) if kind == "text" else value
            found[column.key] = Cell(address, kind, kept)
            _check_text(table, found[column.key], number, str(value))
    return Line(number, found)


def _check_text(table: Table, cell: Cell, number: int, raw: str) -> None:
    if cell.kind != "text":
        return
    if _unseen(raw):
        table.problem(cell.at, number, "control")
    if len(cell.value) > LONGEST:
        table.problem(cell.at, number, "too_long")


def _unseen(text: str) -> bool:
    return any(
        unicodedata.category(letter) in {"Cc", "Cs"} and letter not in SEEN_WITHOUT_GLYPH
        for letter in text
    )


def clean(text: str) -> str:
    """Composed letters, one kind of line end; what no database keeps replaced by a sign."""
    kept = (
        "\ufffd"
        if unicodedata.category(letter) in {"Cc", "Cs"} and letter not in SEEN_WITHOUT_GLYPH
        else letter
        for letter in text.replace("\r\n", "\n").replace("\r", "\n")
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _merged(sheet: Sheet, columns: dict[int, Column], table: Table) -> None:
    """Merged cells above the headings are a title; in the table nobody knows whose they are."""
    for place in sheet.merged:
        found = RANGE.fullmatch(place)
        if found is None:
            continue
        left, right = column_index_from_string(found[1]), column_index_from_string(found[3])
        top, bottom = int(found[2]), int(found[4])
        if bottom >= table.heading and any(left <= at <= right for at in columns):
            table.problem(_address(left, top), top, "merged", range=place)


def _address(column: int, row: int) -> str:
    return f"{get_column_letter(column)}{row}"
