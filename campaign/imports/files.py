"""Workbooks for people: an empty table with its columns explained, and the list of problems."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from campaign import tables
from campaign.imports.problems import CellProblem
from campaign.models import Campaign, TableImport
from campaign.table_columns import DATE_FORMAT, TAKEN, VERSION, Column

_BOLD = Font(bold=True)
_SHADE = PatternFill("solid", fgColor="FFEDEFF2")
_WRAP = Alignment(vertical="top", wrap_text=True)
ROOM = 300  # rows of the template whose date columns are dates


def template_file(campaign: Campaign) -> bytes:
    """An empty table of tasks and, on a second sheet, what belongs into each column."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = _("Tasks")
    columns = [column for column in TAKEN if column is not VERSION]
    for place, column in enumerate(columns, start=1):
        _heading(sheet.cell(1, place, str(column.label)))
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = column.width
        if column.kind == "date":
            for row in range(2, ROOM):
                sheet[f"{letter}{row}"].number_format = DATE_FORMAT
    sheet.freeze_panes = "C2"
    _explain(book.create_sheet(_("Columns")), columns, campaign)
    return _bytes(book)


def _explain(sheet: Any, columns: list[Column], campaign: Campaign) -> None:
    sheet.append([campaign.title])
    sheet["A1"].font = _BOLD
    rules = (
        _("Do not merge cells and write no formulas; move columns about as you like."),
        _("A row with the code of a task changes it; a row without a code becomes a new draft."),
        _("An empty cell leaves what the task has; a single hyphen (-) empties it."),
        _("Nothing is taken in while a single cell is wrong."),
    )
    for rule in rules:
        sheet.append([rule])
    sheet.append([])
    sheet.append([_("Column"), _("What belongs into it")])
    for cell in sheet[sheet.max_row]:
        _heading(cell)
    for column in columns:
        sheet.append([str(column.label), str(column.said)])
        sheet.cell(sheet.max_row, 2).alignment = _WRAP
    sheet.column_dimensions["A"].width = 30
    sheet.column_dimensions["B"].width = 80


def _heading(cell: Any) -> None:
    cell.font, cell.fill, cell.alignment = _BOLD, _SHADE, _WRAP


def _bytes(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def problems_file(table: TableImport, problems: Iterable[CellProblem]) -> bytes:
    """Cell, row and what is wrong, to be mended one after the other."""
    heads = (
        tables.Head(_("Cell"), 10),
        tables.Head(_("Row"), 8),
        tables.Head(_("What is wrong"), 90),
    )
    rows = ([one.at, one.row or None, one.sentence] for one in problems)
    said = (_("Problems of the table “%(name)s”") % {"name": table.name}, table.campaign.title)
    return tables.xlsx(tables.Table(_("Problems"), said, heads, rows))
