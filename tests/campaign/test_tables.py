"""Tables as XLSX: what a spreadsheet program reads back, and what it must never run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from campaign.models import Block, MatrixRow, Task
from campaign.table_columns import TASK_COLUMNS
from campaign.tables import Head, Table, Value, xlsx
from security.models import AuditEvent, User
from tests.campaign.make import make_draft, make_task
from tests.campaign.test_views import client_of, head_of, running
from tests.security.make import grant_role, make_unit, make_user

HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\n=1")


def sheet_of(content: bytes) -> Any:
    return load_workbook(BytesIO(content)).active


def made(*rows: list[Value], said: tuple[str, ...] = ("Bảng",)) -> Any:
    heads = (Head("Mã", 9), Head("Nội dung", 40))
    return sheet_of(xlsx(Table("Bảng thử", said, heads, rows)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_never_a_formula(text: str) -> None:
    sheet = made([text, "x"], said=(text,))
    for cell in (sheet["A1"], sheet["A4"]):
        assert cell.data_type == "s"
        assert cell.value == text
        assert cell.quotePrefix


def test_a_plain_text_is_not_marked_and_control_characters_fall_away() -> None:
    sheet = made(["Việc\x00 một\x0b", "x" * 40_000])
    assert sheet["A4"].value == "Việc một"
    assert not sheet["A4"].quotePrefix
    assert len(sheet["B4"].value) == 32_000


def test_dates_are_dates_in_the_organisations_time() -> None:
    sheet = made([date(2026, 6, 11), datetime(2026, 6, 11, 20, tzinfo=UTC)], [3, None])
    assert sheet["A4"].is_date
    assert sheet["A4"].value.date() == date(2026, 6, 11)
    assert sheet["A4"].number_format == "dd/mm/yyyy"
    assert sheet["B4"].value == datetime(2026, 6, 12, 3)  # noqa: DTZ001 - a sheet knows no zone
    assert (sheet["A5"].value, sheet["B5"].value) == (3, None)


def test_the_sheet_can_be_read_and_printed() -> None:
    sheet = made(["a", "b"], said=("Bảng", "Số liệu lúc 07:00"))
    assert sheet.title == "Bảng thử"
    assert sheet.freeze_panes == "B5"
    assert sheet.auto_filter.ref == "A4:B5"
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.column_dimensions["B"].width == 40


# --- what a page lets out ---------------------------------------------------------------


def table_of(client: Client, which: str, **query: str) -> Any:
    answer = client.get(reverse("campaign:plan_table", args=[which]), query)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return sheet_of(answer.content)


def texts(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.mark.django_db
def test_the_six_clear_table_has_the_columns_that_can_be_taken_in_again() -> None:
    task = running()
    Task.objects.filter(pk=task.pk).update(title="=HYPERLINK(1)")
    draft = make_draft(campaign=task.campaign, process="")
    sheet = table_of(client_of(head_of(task)), "six")
    rows = texts(sheet)
    place = next(n for n, row in enumerate(rows) if row[0] == str(TASK_COLUMNS[0].label))
    assert rows[place] == [str(column.label) for column in TASK_COLUMNS]
    found = {row[0]: dict(zip((c.key for c in TASK_COLUMNS), row, strict=True)) for row in rows}
    assert set(found) >= {task.code, draft.code}
    line = found[task.code]
    assert line["title"] == "=HYPERLINK(1)"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert (line["unit"], line["group"], line["version"]) == (task.unit.code, 1, task.version)
    assert line["start"].date() == task.start
    assert line["products"] == "Sản phẩm 1"
    assert found[draft.code]["process"] in (None, "")


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["six", "progress", "blocks", "units", "timeline"])
def test_each_table_says_of_when_and_by_which_filter(which: str) -> None:
    task = running()
    rows = texts(table_of(client_of(head_of(task)), which, light="green", order="-light"))
    head = "\n".join(str(row[0]) for row in rows[:4])
    assert task.campaign.title in head
    assert f"{timezone.localdate():%d/%m/%Y}" in head
    assert "Xanh" in head
    assert len(rows) > 6


@pytest.mark.django_db
def test_a_table_holds_what_its_reader_may_see_and_is_on_the_trail() -> None:
    task = running()
    foreign = make_task(campaign=task.campaign, title="Việc của đơn vị khác")
    owner = task.owner
    assert owner is not None
    client = client_of(head_of(task))
    assert foreign.title in str(texts(table_of(client, "timeline")))
    unit_head = make_reader(task)
    for which in ("six", "timeline", "units", "progress", "blocks"):
        said = str(texts(table_of(client_of(unit_head), which)))
        assert foreign.title not in said
        assert foreign.unit.name not in said
    line = AuditEvent.objects.filter(action="plan.exported", actor_id=unit_head.pk).earliest("id")
    assert line.object_ids == [task.pk]
    assert line.reason.startswith("six.xlsx?")
    assert owner.full_name not in line.reason


def make_reader(task: Task) -> User:
    user = make_user(unit=task.unit)
    grant_role(user, "unit_head", task.unit)
    return user


@pytest.mark.django_db
def test_an_unknown_table_is_absent() -> None:
    task = running()
    assert client_of(head_of(task)).get("/tasks/tables/secrets.xlsx").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("which", "sort"),
    [
        ("six", "work"),
        ("progress", "no"),
        ("progress", "name"),
        ("blocks", "no"),
        ("units", "name"),
    ],
)
def test_a_table_is_in_the_order_of_its_page(which: str, sort: str) -> None:
    task = running()
    MatrixRow.objects.create(campaign=task.campaign, no=2, name="Hàng z hai")
    Block.objects.create(
        campaign=task.campaign, no=2, name="Khối z hai", in_charge="Phó Trưởng Ban"
    )
    make_task(
        campaign=task.campaign,
        now=timezone.now(),
        matrix_row=task.campaign.matrixrows.get(no=2),
        unit=make_unit(parent=task.campaign.unit, name="Ỷ đơn vị"),
    )
    client = client_of(head_of(task))
    for order in (sort, f"-{sort}", "-nothing"):
        page = client.get(reverse(f"campaign:matrix_{which}"), {"order": order}).content.decode()
        body = unescape(page[page.index("<tbody>") : page.index("</tbody>")])
        sheet = table_of(client, which, order=order)
        names = [f"{row[0]}" for row in texts(sheet)[-2:]]
        assert len(set(names)) == 2
        assert body.index(names[0]) < body.index(names[1]), order
