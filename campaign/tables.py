"""Tables as XLSX: real dates and numbers, text that never becomes a formula, a head that says of when.

Written row by row, so that ten thousand tasks need no more memory than their own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from campaign.rules import ZONE

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_000  # characters; a cell holds 32 767
SHEET_NAME = 31  # characters that a sheet's name may have, none of these among them:
NOT_IN_A_NAME = str.maketrans("", "", "[]:*?/\\'")
# A program that opens the table may take a text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
DATE, MOMENT = "dd/mm/yyyy", "hh:mm dd/mm/yyyy"

Value = str | int | date | datetime | None
Look = Literal["title", "plain", "head", "body"]

_TOP = Alignment(vertical="top", wrap_text=True)
_SHADE = PatternFill("solid", fgColor="FFEDEFF2")
_LINE = Side(style="thin", color="FF999999")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


@dataclass(frozen=True)
class Head:
    """A column's heading and its width in characters."""

    label: str
    width: int = 16


@dataclass(frozen=True)
class Table:
    """One sheet. said: lines above the heading (title first): of when, by which filter.

    frozen: how many columns stay in view beside the heading row.
    """

    name: str
    said: tuple[str, ...]
    heads: tuple[Head, ...]
    rows: Iterable[Sequence[Value]]
    frozen: int = 1


def xlsx(table: Table) -> bytes:
    """The table as a file: A4 landscape, heading repeated on every sheet of paper."""
    book = Workbook(write_only=True)
    book.properties.creator = "Sáu Rõ"
    # The stubs know neither the paper of a sheet that is written row by row nor a cell's style.
    sheet: Any = book.create_sheet(_sheet_name(table.name))
    for place, head in enumerate(table.heads, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = head.width
    heading = len(table.said) + 2
    sheet.freeze_panes = f"{get_column_letter(table.frozen + 1)}{heading + 1}"
    _for_paper(sheet, heading)
    cells = _Cells(sheet)
    for number, line in enumerate(table.said):
        sheet.append(cells.row([line], "plain" if number else "title"))
    sheet.append([])
    sheet.append(cells.row([head.label for head in table.heads], "head"))
    last = heading
    for row in table.rows:
        sheet.append(cells.row(row))
        last += 1
    sheet.auto_filter.ref = f"A{heading}:{get_column_letter(len(table.heads))}{last}"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_name(name: str) -> str:
    return name.translate(NOT_IN_A_NAME)[:SHEET_NAME] or "1"


def _for_paper(sheet: Any, heading: int) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{heading}:{heading}"


class _Cells:
    """Makes cells of one sheet. A style is put together once: doing so for every cell of ten
    thousand tasks took longer than all the rest."""

    def __init__(self, sheet: Any) -> None:
        self.sheet = sheet
        self._styles: dict[tuple[Look, str, bool], Any] = {}

    def row(self, values: Iterable[Value], look: Look = "body") -> list[Any]:
        return [self._cell(value, look) for value in values]

    def _cell(self, given: Value, look: Look) -> Any:
        value: Any = given
        quoted, shape = False, "General"
        if isinstance(given, str):
            value = ILLEGAL_CHARACTERS_RE.sub("", given)[:LONGEST]
            quoted = value.startswith(FORMULA)
        elif isinstance(given, datetime):
            value, shape = _local(given), MOMENT
        elif isinstance(given, date):
            shape = DATE
        cell: Any = WriteOnlyCell(self.sheet, value)
        if isinstance(given, str):
            cell.data_type = "s"  # said outright: what begins like a formula is none
        key = look, shape, quoted
        if key not in self._styles:
            self._styles[key] = self._style(*key)
        cell._style = self._styles[key]
        return cell

    def _style(self, look: Look, shape: str, quoted: bool) -> Any:  # noqa: FBT001 - a key's part
        cell: Any = WriteOnlyCell(self.sheet)
        cell.number_format = shape
        cell.quotePrefix = quoted  # keeps it a text when somebody edits the cell
        if look == "title":
            cell.font = Font(bold=True, size=14)
        if look == "head":
            cell.font, cell.fill = Font(bold=True), _SHADE
        if look in ("head", "body"):
            cell.alignment, cell.border = _TOP, _BORDER
        return cell._style


def _local(moment: datetime) -> datetime:
    """Spreadsheets know no time zone: the wall clock of the organisation."""
    return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo else moment
