"""The first visible sheet of an Excel workbook, cell by cell, within limits. Pure.

Runs in a limited child process only (see `nursery`). Nothing in the file is computed: a formula is
told as a formula, without its text. Whatever is wrong raises RefusedFile:

| code | params | means |
|---|---|---|
| `empty` | | no bytes |
| `table_protected` | | encrypted, or the format of Excel 97 |
| `not_a_table` | | no workbook of Excel (.xlsx) |
| `table_macros` | | macros or embedded programs |
| `damaged` | | cut off, or its structure cannot be read |
| `table_unfolds` | | unfolds beyond any table of this size |
| `table_rows` | rows, limit | more rows with content than are taken at once |
| `table_columns` | limit | cells to the right of the last column that is looked at |
| `table_long` | limit | more text than is taken at once |
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError  # nosec B405 - the error only; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from digitization.ocr.refusal import RefusedFile

MOST_ROWS = 2000  # with content, the heading row and what stands above it included
MOST_COLUMNS = 60
MOST_TEXT = 4_000_000  # characters
MOST_MEMBERS = 500
MOST_MERGED = 1000
MOST_UNFOLDED = 512 * 2**20
MOST_SHEET = 24 * 2**20  # more than all the text that is taken, with its markup
MOST_SHARED = 32 * 2**20  # the one part that is kept in memory whole
MOST_NUMBER = 2**53
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PIECE = 1 << 20
ROW = re.compile(rb'<row\b[^>]{0,200}?\br="(\d{1,7})"')

# kind: text, number, date (ISO), time, truth, error, formula
Found = tuple[int, str, Any]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """`rows`: number of the row and its cells (column from 1, kind, value); `merged`: ranges;
    `others`: how many further sheets were not looked at."""

    name: str
    others: int
    merged: list[str]
    rows: list[tuple[int, list[Found]]]


def sheet_of(path: Path) -> Sheet:
    """Read the file, or RefusedFile."""
    with path.open("rb") as file:
        try:
            return _read(file)
        except (
            *(zipfile.BadZipFile, InvalidFileException, DefusedXmlException, ParseError),
            *(KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError),
            *(EOFError, OSError, NotImplementedError, RuntimeError, SyntaxError),
        ) as error:
            raise RefusedFile("damaged") from error


def _read(file: BinaryIO) -> Sheet:
    _check_archive(file)
    book = load_workbook(file, read_only=True, keep_links=False)
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not shown:
        raise RefusedFile("not_a_table")
    sheet: Any = shown[0]
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    place = sheet._worksheet_path
    with zipfile.ZipFile(file) as archive:
        rows = _rows(sheet.iter_rows(), archive, place)
        merged = list(islice(_merged(archive, place), MOST_MERGED))
    return Sheet(name=sheet.title, others=len(book.worksheets) - 1, merged=merged, rows=rows)


def _check_archive(file: BinaryIO) -> None:
    head = file.read(8)
    if not head:
        raise RefusedFile("empty")
    if head == OLE:
        raise RefusedFile("table_protected")
    if not head.startswith(b"PK\x03\x04"):
        raise RefusedFile("not_a_table")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    names = {member.filename.lower() for member in members}
    if "[content_types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise RefusedFile("not_a_table")
    if any(member.flag_bits & 1 for member in members):
        raise RefusedFile("table_protected")
    if any(name.endswith("vbaproject.bin") or "/embeddings/" in name for name in names):
        raise RefusedFile("table_macros")
    if (
        len(members) > MOST_MEMBERS
        or sum(member.file_size for member in members) > MOST_UNFOLDED
        or any(m.file_size > MOST_SHARED for m in members if "/worksheets/" not in m.filename)
    ):
        raise RefusedFile("table_unfolds")
    _check_sheets(file, members)


def _check_sheets(file: BinaryIO, members: list[zipfile.ZipInfo]) -> None:
    """Tell a table that is far too long before anything parses it."""
    large = [m for m in members if "/worksheets/" in m.filename and m.file_size > MOST_SHEET]
    with zipfile.ZipFile(file) as archive:
        rows = max((_last_row(archive, member.filename) for member in large), default=0)
    if rows > MOST_ROWS:
        raise RefusedFile("table_rows", rows=rows, limit=MOST_ROWS)
    if large:
        raise RefusedFile("table_unfolds")


def _rows(
    rows: Iterable[tuple[Any, ...]], archive: zipfile.ZipFile, place: str
) -> list[tuple[int, list[Found]]]:
    found: list[tuple[int, list[Found]]] = []
    letters = 0
    for number, row in enumerate(rows, start=1):
        cells = list(_cells(row))
        if not cells:
            continue
        if len(found) == MOST_ROWS:
            raise RefusedFile("table_rows", rows=_last_row(archive, place), limit=MOST_ROWS)
        if cells[-1][0] > MOST_COLUMNS:
            raise RefusedFile("table_columns", limit=MOST_COLUMNS)
        letters += sum(len(value) for _at, _kind, value in cells if isinstance(value, str))
        if letters > MOST_TEXT:
            raise RefusedFile("table_long", limit=MOST_TEXT)
        found.append((number, cells))
    return found


def _cells(row: tuple[Any, ...]) -> Iterator[Found]:
    for column, cell in enumerate(row, start=1):
        value = cell.value
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        yield (column, *_told(cell.data_type, value))


def _told(kind: str, value: object) -> tuple[str, Any]:
    """Kind and value of one cell, of types that JSON has."""
    if kind == "f":
        return "formula", ""
    if kind == "e":
        return "error", str(value)
    if isinstance(value, bool):
        return "truth", value
    if isinstance(value, (int, float)) and abs(value) < MOST_NUMBER:
        return "number", int(value) if float(value).is_integer() else value
    if isinstance(value, date):
        return _day(value)
    return "text", str(value)


def _day(value: date) -> tuple[str, str]:
    if not isinstance(value, datetime):
        return "date", value.isoformat()
    if value.time() == time():
        return "date", value.date().isoformat()
    return "time", value.isoformat(sep=" ", timespec="minutes")


def _merged(archive: zipfile.ZipFile, place: str) -> Iterator[str]:
    with archive.open(place) as source:
        for _event, element in iterparse(source):
            if element.tag.endswith("}mergeCell"):
                yield str(element.get("ref", ""))[:40]
            elif element.tag.endswith("}row"):
                element.clear()


def _last_row(archive: zipfile.ZipFile, place: str) -> int:
    """Number of the last row, found without parsing the rows."""
    last, tail = 0, b""
    with archive.open(place) as source:
        while piece := source.read(PIECE):
            tail += piece
            for match in ROW.finditer(tail):
                last = max(last, int(match[1]))
            tail = tail[-300:]
    return last
