"""Tables of tasks as a person would make them in Excel, and their way in."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from campaign.imports.uploading import sheet_from
from campaign.models import Campaign, TableImport, Task
from campaign.services.importing import receive_table
from campaign.table_columns import TASK_COLUMNS
from security.models import Unit, User
from tests.campaign.make import NOON, make_campaign, make_draft
from tests.security.make import grant_role, make_unit, make_user

LABELS = {column.key: str(column.label) for column in TASK_COLUMNS}


def workbook(*rows: Sequence[Any], keys: Sequence[str]) -> Workbook:
    """A table with these columns; row 1 holds the headings."""
    book = Workbook()
    sheet: Any = book.active
    sheet.append([LABELS.get(key, key) for key in keys])
    for row in rows:
        sheet.append(list(row))
    return book


def upload(book: Workbook | bytes, name: str = "bang.xlsx") -> SimpleUploadedFile:
    if isinstance(book, Workbook):
        out = BytesIO()
        book.save(out)
        book = out.getvalue()
    return SimpleUploadedFile(name, book)


def received(actor: User, campaign: Campaign, book: Workbook | bytes) -> TableImport:
    return receive_table(
        actor=actor, campaign=campaign, name="bang.xlsx", sheet=sheet_from(upload(book)), now=NOON
    )


def problems(table: TableImport) -> list[tuple[str, str]]:
    return [(one["at"], one["code"]) for one in table.problems]


def office() -> tuple[Campaign, Unit, User]:
    """A campaign, a unit below it, and somebody who runs the campaign."""
    campaign = make_campaign()
    unit = make_unit(parent=campaign.unit, code="VPX", name="Văn phòng thử")
    manager = make_user(unit=campaign.unit)
    grant_role(manager, "office", campaign.unit)
    return campaign, unit, manager


def draft_of(campaign: Campaign, unit: Unit, code: str = "V1.1", **fields: Any) -> Task:
    return make_draft(campaign=campaign, unit=unit, code=code, **fields)
