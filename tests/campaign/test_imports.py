"""Tables of tasks in: every wrong cell by its address, nothing half-written, changes in between seen."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import Workbook, load_workbook

from campaign.imports.files import problems_file, template_file
from campaign.imports.uploading import sheet_from
from campaign.models import Product, TableImport, Task
from campaign.rules import end_of, last_day
from campaign.services import edit_task
from campaign.services.importing import (
    ask_to_take_in,
    compare_again,
    drop_table,
    preview,
    take_in,
)
from campaign.table_columns import TASK_COLUMNS
from campaign.tasks import take_in_table
from security.models import AuditEvent
from security.services import RefusedError
from tests.campaign.make import BEGIN, NOON, make_task
from tests.campaign.sheets import LABELS, draft_of, office, problems, received, upload, workbook
from tests.campaign.test_services import refused
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
KEYS = ("code", "title", "unit", "deadline", "products")


def frozen() -> list[Any]:
    """Everything that taking in may write, but the kept tables themselves."""
    return [
        list(Task.objects.order_by("pk").values()),
        list(Product.objects.order_by("pk").values()),
        Task.history.count(),
    ]


# --- what is taken in -------------------------------------------------------------------


def test_a_row_with_a_code_changes_and_one_without_becomes_a_draft() -> None:
    campaign, unit, manager = office()
    task = draft_of(campaign, unit, title="Tên cũ", note="giữ")
    book = workbook(
        ("V1.1", "Tên mới", "VPX", date(2026, 6, 1), "Sản phẩm 1\nThêm nữa"),
        (None, "Việc mới", "Văn phòng thử", "20/06/2026", "Báo cáo"),
        keys=KEYS,
    )
    table = received(manager, campaign, book)
    assert table.problems == []
    before = frozen()
    found = preview(table, now=NOON)
    assert [change.kind for change in found.changes] == ["changed", "new"]
    assert frozen() == before
    take_in(actor=manager, table=table, now=NOON)
    task.refresh_from_db()
    assert (task.title, task.note, task.version) == ("Tên mới", "giữ", 3)  # and a product
    assert task.deadline is not None
    assert last_day(task.deadline) == date(2026, 6, 1)
    assert list(task.products.values_list("title", flat=True)) == ["Sản phẩm 1", "Thêm nữa"]
    new = Task.objects.get(code="BS1")
    assert (new.title, new.unit, new.state) == ("Việc mới", unit, "draft")
    assert new.deadline == end_of(date(2026, 6, 20), before=False)
    table.refresh_from_db()
    assert table.state == "applied"
    assert [(row["row"], row["code"], row["kind"]) for row in table.rows] == [
        (2, "V1.1", "changed"),
        (3, "BS1", "new"),
    ]
    trail = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(trail)[-4:] == ["task.changed", "task.changed", "task.created", "table.taken_in"]
    assert new.history.get().history_user == manager


def test_every_column_is_understood_in_both_languages() -> None:
    campaign, unit, manager = office()
    other = make_unit(parent=campaign.unit, code="VCX")
    owner = make_user(unit=unit, username="nguoi", full_name="Trần Thị Hạnh")
    values: dict[str, Any] = {
        "title": "Việc", "kind": "Mốc", "group": 1, "matrix_row": "1", "phase": 2.0, "block": 1,
        "unit": "vpx", "units": "VCX: phần kỹ thuật", "owner": "trần thị hạnh",
        "responsibility": "Trả lời", "process": "Rà, báo", "start": "16/05/2026",
        "deadline": datetime(2026, 5, 20),  # noqa: DTZ001
        "products": "- Danh mục\n- Sơ đồ", "check_text": "Xem",
        "risk": 5, "handling": "Báo sớm", "note": date(2026, 5, 1),
    }  # fmt: skip
    for language in ("vi", "en"):
        with translation.override(language):
            labels = [str(c.label) for c in TASK_COLUMNS if c.key in values]
        kind = {"vi": "Mốc tiến độ", "en": "milestone"}[language]
        row = [({**values, "kind": kind})[c.key] for c in TASK_COLUMNS if c.key in values]
        table = received(manager, campaign, workbook(row, keys=labels))
        assert table.problems == []
        take_in(actor=manager, table=table, now=NOON)
        task = Task.objects.order_by("-pk")[0]
        assert (task.kind, task.owner, task.unit) == ("milestone", owner, unit)
        assert task.group is not None
        assert task.phase is not None
        assert (task.group.no, task.phase.no, task.start) == (1, 2, date(2026, 5, 16))
        assert task.deadline == end_of(date(2026, 5, 20), before=False)
        assert [(p.unit, p.part) for p in task.task_units.all()] == [(other, "phần kỹ thuật")]
        assert [p.title for p in task.products.all()] == ["Danh mục", "Sơ đồ"]
        assert (task.risk, task.note) == ("5", "01/05/2026")


def test_what_a_table_says_of_old_is_no_change_wherever_its_heading_stands() -> None:
    campaign, unit, manager = office()
    task = make_task(campaign=campaign, unit=unit, code="V1.1")
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["Bảng nhiệm vụ"])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    keys = [
        "note", "code", "title", "owner", "unit", "start", "deadline", "kind", "state", "version",
        "Ghi riêng",
    ]  # fmt: skip
    sheet.append([LABELS.get(key, key) for key in keys])
    assert task.owner is not None
    assert task.deadline is not None
    sheet.append([
        None, "V1.1", task.title, f"{task.owner.full_name} ({task.owner.username})", unit.name,
        task.start, f"{last_day(task.deadline):%d/%m/%Y}", task.get_kind_display(), "Đỏ", 1, "=1+1",
    ])  # fmt: skip
    table = received(manager, campaign, book)
    assert table.problems == []
    assert table.about["passed"] == ["Ghi riêng"]
    [change] = preview(table, now=NOON).changes
    assert change.kind == "same"
    before = frozen()
    take_in(actor=manager, table=table, now=NOON)
    assert frozen() == before


def test_an_empty_cell_leaves_and_a_hyphen_empties() -> None:
    campaign, unit, manager = office()
    task = draft_of(campaign, unit, note="Ghi chú", risk="Rủi ro")
    book = workbook(("V1.1", None, "-", None), keys=("code", "title", "note", "risk"))
    take_in(actor=manager, table=received(manager, campaign, book), now=NOON)
    task.refresh_from_db()
    assert (task.title, task.note, task.risk) == ("Lập danh mục", "", "Rủi ro")


def test_markup_is_text_and_two_hundred_letters_fit(client: Client) -> None:
    campaign, _unit, manager = office()
    title = "<script>alert(1)</script>" + "ễ" * 175
    table = received(manager, campaign, workbook((title, "VPX"), keys=("title", "unit")))
    assert table.problems == []
    client.force_login(manager)
    page = client.get(f"/tasks/import/{table.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    take_in(actor=manager, table=table, now=NOON)
    assert Task.objects.get(code="BS1").title == title


# --- what is wrong, by cell -------------------------------------------------------------

HALF_PAST_NINE = datetime(2026, 6, 1, 9, 30)  # noqa: DTZ001 - as Excel keeps it
WRONG: list[tuple[str, tuple[Any, ...], tuple[str, str]]] = [
    ("formula", ("V1.1", "=A1&B1", "VPX", None, None), ("B2", "formula")),
    ("error", ("V1.1", "#N/A", "VPX", None, None), ("B2", "error_cell")),
    ("unknown unit", ("V1.1", "A", "XYZ", None, None), ("C2", "unknown_unit")),
    ("unknown code", ("V9.9", "A", "VPX", None, None), ("A2", "unknown_code")),
    ("long title", (None, "ễ" * 201, "VPX", None, None), ("B2", "title_long")),
    ("no title", (None, None, "VPX", "20/6/2026", None), ("B2", "title")),
    ("no unit", (None, "A", None, None, None), ("C2", "unit_needed")),
    ("no date", ("V1.1", "A", None, "tuần sau", None), ("D2", "no_date")),
    ("a bare number", ("V1.1", "A", None, 46170, None), ("D2", "no_date")),
    ("the 30th of February", ("V1.1", "A", None, "30/02/2026", None), ("D2", "no_such_day")),
    ("another century", ("V1.1", "A", None, "01/01/1026", None), ("D2", "far_date")),
    ("an hour", ("V1.1", "A", None, HALF_PAST_NINE, None), ("D2", "time_of_day")),
    ("in the past", ("V1.1", "A", None, "01/05/2026", None), ("D2", "deadline_past")),
    ("before the start", ("S", "A", None, "18/05/2026", None), ("D2", "before_start")),
    ("unseen letters", ("V1.1", "A\x7fB", None, None, None), ("B2", "control")),
    ("a long text", ("V1.1", "A" * 5001, None, None, None), ("B2", "too_long")),
    ("many products", ("V1.1", None, None, None, "\n".join(map(str, range(21)))),
     ("E2", "many_products")),
    ("truth", ("V1.1", True, None, None, None), ("B2", "no_text")),
]  # fmt: skip


@pytest.mark.parametrize(("row", "said"), [pytest.param(r, s, id=name) for name, r, s in WRONG])
def test_a_wrong_cell_is_told_by_its_address_and_nothing_is_written(
    row: tuple[Any, ...], said: tuple[str, str]
) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    draft_of(campaign, unit, "S", start=date(2026, 5, 20))
    good = ("V1.1" if row[0] != "V1.1" else "S", "Tốt", "VPX", None, None)
    before = frozen()
    table = received(manager, campaign, workbook(row, good, keys=KEYS))
    assert problems(table) == [said]
    assert all(one.sentence for one in preview(table, now=NOON).problems)
    with pytest.raises(RefusedError):
        take_in(actor=manager, table=table, now=NOON)
    assert frozen() == before
    assert TableImport.objects.get().state == "read"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("owner", "khongco", "unknown_person"),
        ("owner", "Lê Văn Trùng", "same_name"),
        ("group", 7, "no_group"),
        ("matrix_row", "7", "no_matrix_row"),
        ("phase", 3, "no_phase"),
        ("block", 2, "no_block"),
        ("block", "một", "no_number"),
        ("kind", "Việc vặt", "no_choice"),
        ("units", "VPX", "lead_is_no_partner"),
        ("units", "VCX; vcx", "unit_twice"),
        ("units", "VCX: " + "a" * 161, "long_part"),
        ("units", "TANX", "dissolved"),
        ("unit", "TANX", "dissolved"),
        ("unit", "-", "not_empty"),
        ("unit", "KHACX", "unknown_unit"),
        ("version", 7, "old_version"),
    ],
)
def test_what_the_plan_does_not_know(key: str, value: Any, code: str) -> None:
    campaign, unit, manager = office()
    make_unit(parent=campaign.unit, code="VCX")
    make_unit(parent=campaign.unit, code="TANX", dissolved_on=date(2026, 1, 1))
    make_unit(code="KHACX")  # of another organisation
    for _ in range(2):
        make_user(unit=unit, full_name="Lê Văn Trùng")
    draft_of(campaign, unit)
    before = frozen()
    book = workbook(("V1.1", "Mới", value), keys=("code", "title", key))
    table = received(manager, campaign, book)
    assert problems(table) == [("C2", code)]
    assert frozen() == before


@pytest.mark.parametrize("key", ["owner", "unit", "start", "deadline", "kind", "process"])
def test_what_a_running_task_does_not_change_by_a_table(key: str) -> None:
    campaign, unit, manager = office()
    make_unit(parent=campaign.unit, code="VCX")
    make_user(unit=unit, username="khac")
    make_task(campaign=campaign, unit=unit, code="V1.1")
    value = {
        "owner": "khac", "unit": "VCX", "start": "16/05/2026", "deadline": "30/06/2026",
        "kind": "group", "process": "-",
    }[key]  # fmt: skip
    table = received(manager, campaign, workbook(("V1.1", value), keys=("code", key)))
    expected = "needed" if key == "process" else f"runs_{key}"
    assert problems(table) == [("B2", expected)]


def test_codes_twice_done_tasks_and_tasks_of_others() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    gone = draft_of(campaign, unit, "V1.2")
    Task.objects.filter(pk=gone.pk).update(state="cancelled")
    hidden = draft_of(campaign, make_unit(), "V1.3")  # of another organisation
    assert not Task.objects.visible_to(manager).filter(pk=hidden.pk).exists()
    book = workbook(
        ("V1.1", "A"), ("V1.2", "B"), ("V1.1", "C"), ("V1.3", "D"), ("V7.7", "E"),
        keys=("code", "title"),
    )  # fmt: skip
    table = received(manager, campaign, book)
    assert problems(table) == [
        ("A3", "not_open"), ("A4", "code_twice"), ("A5", "unknown_code"), ("A6", "unknown_code"),
    ]  # fmt: skip


def test_a_task_that_somebody_only_coordinates_is_not_his_to_change() -> None:
    campaign, unit, _manager = office()
    draft_of(campaign, unit)
    narrow = make_unit(parent=campaign.unit, code="HEP")
    partner = make_user(unit=narrow)
    grant_role(partner, "office", narrow)
    grant_role(partner, "unit_head", unit)  # sees it
    table = received(partner, campaign, workbook(("V1.1", "Mới"), keys=("code", "title")))
    assert problems(table) == [("A2", "not_allowed")]


def test_merged_cells_are_told_but_not_those_of_a_title() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    book = workbook(("V1.1", "A", "VPX", None, None), (None, "B", "VPX", None, None), keys=KEYS)
    sheet: Any = book.active
    sheet.merge_cells("C2:C3")
    sheet.merge_cells("K2:L3")  # beside the table
    table = received(manager, campaign, book)
    assert ("C2", "merged") in problems(table)
    assert "K2" not in [at for at, _code in problems(table)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["Họ và tên", "Quê quán"], ["A", "B"]], ("A1", "no_heading")),
        ([[LABELS["code"], LABELS["title"]]], ("", "no_rows")),
        (
            [[LABELS["code"], LABELS["title"], LABELS["code"]], ["V1.1", "A"]],
            ("C1", "heading_twice"),
        ),
        ([], ("A1", "no_heading")),
    ],
)
def test_sheets_that_are_no_table_of_tasks(rows: list[list[Any]], said: tuple[str, str]) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    book = Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    assert said in problems(received(manager, campaign, book))


# --- files that are no table ------------------------------------------------------------


def zipped(**members: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def changed(change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """A good workbook with members changed, left out or added."""
    good = BytesIO()
    workbook(("V1.1", "A"), keys=("code", "title")).save(good)
    out = BytesIO()
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = change(member.filename, old.read(member))
            if content is not None:
                new.writestr(member.filename, content)
        for name, content in more.items():
            new.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def as_it_is(name: str, content: bytes) -> bytes:
    return content


def with_entities(name: str, content: bytes) -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    head, sign, rest = content.partition(b"?>")
    return head + sign + bomb + rest if "sheet1" in name and sign else bomb + content


GOOD = changed(as_it_is)
BAD_FILES = {
    "empty": (b"", "empty"),
    "text": (b"code;title\nV1.1;A\n", "not_a_table"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "table_protected"),
    "a zip": (zipped(a=b"1"), "not_a_table"),
    "cut off": (GOOD[: len(GOOD) // 2], "damaged"),
    "macros": (changed(as_it_is, **{"xl__vbaProject.bin": b"x"}), "table_macros"),
    "embedded": (changed(as_it_is, **{"xl__embeddings__a.bin": b"x"}), "table_macros"),
    "no sheet": (changed(lambda n, c: None if "sheet1" in n else c), "not_a_table"),
    "broken XML": (changed(lambda n, c: c[:-20] if "sheet1" in n else c), "damaged"),
    "entities": (changed(with_entities), "damaged"),
    "a bomb": (
        changed(as_it_is, **{"xl__worksheets__sheet2.xml": b" " * (30 * 2**20)}),
        "table_unfolds",
    ),
    "a bomb of words": (
        changed(lambda n, c: c, **{"xl__media__a.xml": b" " * (33 * 2**20)}),
        "table_unfolds",
    ),
    "many members": (
        changed(as_it_is, **{f"xl__m{i}.xml": b"" for i in range(501)}),
        "table_unfolds",
    ),
}


@pytest.mark.parametrize(
    ("content", "code"), [pytest.param(c, code, id=name) for name, (c, code) in BAD_FILES.items()]
)
def test_a_file_that_is_no_table_ends_with_a_sentence(content: bytes, code: str) -> None:
    assert code in refused(lambda: sheet_from(upload(content)))
    assert not TableImport.objects.exists()


def test_names_and_sizes_are_looked_at_first() -> None:
    assert "table_ending" in refused(lambda: sheet_from(upload(GOOD, "bang.xls")))
    assert "table_large" in refused(lambda: sheet_from(upload(b"P" * (5 * 2**20 + 1))))


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is() -> None:
    def huge(name: str, content: bytes) -> bytes:
        if "sheet1" not in name:
            return content
        return content.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')

    content = changed(huge)
    assert content != GOOD
    assert [number for number, _cells in sheet_from(upload(content)).rows] == [1, 2]


def test_columns_far_to_the_right_are_refused() -> None:
    book = workbook(("V1.1", "A"), keys=("code", "title"))
    sheet: Any = book.active
    sheet["CZ2"] = "x"
    assert "table_columns" in refused(lambda: sheet_from(upload(book)))


# --- fifty thousand rows ----------------------------------------------------------------

CHILD = """
import resource, sys
from pathlib import Path
from digitization.ocr.refusal import RefusedFile
from digitization.ocr.workbook import sheet_of
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    sheet_of(Path(sys.argv[1]))
except RefusedFile as error:
    print(error.code, error.params.get("rows"), end=" ")
used = resource.getrusage(resource.RUSAGE_SELF)
print((used.ru_maxrss - before) // 1024, int(used.ru_utime + used.ru_stime))
"""


def long_file(path: Path, rows: int) -> Path:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    sheet.append([str(column.label) for column in TASK_COLUMNS])
    for i in range(rows):
        sheet.append([f"V{i}", f"Nhiệm vụ số {i} của kế hoạch", "Tuần", 1, 1, 1, 1, "VPX"])
    book.save(path)
    return path


def test_fifty_thousand_rows_get_an_answer_in_little_memory(tmp_path: Path) -> None:
    path = long_file(tmp_path / "dai.xlsx", 50_000)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True
    )
    code, rows, megabytes, seconds = child.stdout.split()
    assert (code, rows) == ("table_rows", "50001")
    assert int(megabytes) < 64
    assert int(seconds) < 20
    content = path.read_bytes()
    tracemalloc.start()
    said = refused(lambda: sheet_from(upload(content)))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "table_rows" in said
    assert peak < 16 * 2**20


def test_as_many_rows_as_are_taken_are_read_whole(tmp_path: Path) -> None:
    sheet = sheet_from(upload(long_file(tmp_path / "vua.xlsx", 1999).read_bytes()))
    assert len(sheet.rows) == 2000
    too_long = long_file(tmp_path / "qua.xlsx", 2000).read_bytes()
    assert "table_rows" in refused(lambda: sheet_from(upload(too_long)))


# --- in between, whole or not at all ----------------------------------------------------


def test_a_task_changed_in_between_is_shown_and_nothing_is_written(client: Client) -> None:
    campaign, unit, manager = office()
    task, other = draft_of(campaign, unit), draft_of(campaign, unit, "V1.2")
    book = workbook(("V1.2", "Hai"), ("V1.1", "Của bảng"), keys=("code", "title"))
    table = received(manager, campaign, book)
    edit_task(actor=manager, task=task, version=1, now=NOON, title="Của người khác")
    before = frozen()
    assert refused(lambda: take_in(actor=manager, table=table, now=NOON)) == {"changed_meanwhile"}
    assert frozen() == before
    client.force_login(manager)
    page = client.get(f"/tasks/import/{table.pk}/").content.decode()
    assert "V1.1" in page
    page = client.get(f"/tasks/import/{table.pk}/?show=changed").content.decode()
    assert "Của người khác" in page
    assert "Của bảng" in page
    compare_again(actor=manager, table=table, now=NOON)
    take_in(actor=manager, table=table, now=NOON)
    task.refresh_from_db()
    other.refresh_from_db()
    assert (task.title, other.title) == ("Của bảng", "Hai")


def test_a_refusal_in_the_last_row_takes_the_first_back() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    other = draft_of(campaign, unit, "V1.2")
    book = workbook(("V1.1", "Một"), ("V1.2", "Hai"), keys=("code", "title"))
    table = received(manager, campaign, book)
    Task.objects.filter(pk=other.pk).update(process="")
    TableImport.objects.filter(pk=table.pk).update(
        rows=[*table.rows[:1], {"row": 3, "cells": {**table.rows[1]["cells"], "group": ["D3", "number", 9]}}]
    )  # fmt: skip
    before, trail = frozen(), AuditEvent.objects.count()
    assert refused(lambda: take_in(actor=manager, table=table, now=NOON)) == {"problems"}
    assert frozen() == before
    assert AuditEvent.objects.count() == trail


def test_only_whoever_uploaded_decides_and_only_once() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    other = make_user(unit=campaign.unit)
    grant_role(other, "office", campaign.unit)
    table = received(manager, campaign, workbook(("V1.1", "A"), keys=("code", "title")))
    assert refused(lambda: take_in(actor=other, table=table, now=NOON)) == {"not_allowed"}
    assert refused(lambda: drop_table(actor=other, table=table, now=NOON)) == {"not_allowed"}
    drop_table(actor=manager, table=table, now=NOON)
    table.refresh_from_db()
    assert (table.state, table.rows) == ("dropped", [])
    assert refused(lambda: take_in(actor=manager, table=table, now=NOON)) == {"not_waiting"}
    assert Task.objects.get().title == "Lập danh mục"


def test_a_closed_campaign_and_people_without_the_role_take_nothing() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    book = workbook(("V1.1", "A"), keys=("code", "title"))
    table = received(manager, campaign, book)
    staff = make_user(unit=unit)
    grant_role(staff, "unit_staff", unit)
    assert refused(lambda: received(staff, campaign, book)) == {"not_allowed"}
    campaign.closed_at, campaign.closed_by = NOON, manager
    campaign.save()
    assert refused(lambda: take_in(actor=manager, table=table, now=NOON)) == {"closed"}
    assert refused(lambda: received(manager, campaign, book)) == {"closed"}


# --- a long table is left to a worker ---------------------------------------------------


def test_a_worker_takes_a_long_table_in_and_gives_a_refused_one_back() -> None:
    campaign, unit, manager = office()
    task = draft_of(campaign, unit)
    table = received(manager, campaign, workbook(("V1.1", "A"), keys=("code", "title")))
    ask_to_take_in(actor=manager, table=table, now=NOON)
    edit_task(actor=manager, task=task, version=1, now=NOON, title="Khác")
    take_in_table(table.pk)
    table.refresh_from_db()
    assert (table.state, [p["code"] for p in table.problems]) == ("read", ["refused"])
    take_in_table(table.pk)  # a message that came twice
    task.refresh_from_db()
    assert task.title == "Khác"
    compare_again(actor=manager, table=table, now=NOON)
    ask_to_take_in(actor=manager, table=table, now=NOON)
    take_in_table(table.pk)
    take_in_table(table.pk)
    task.refresh_from_db()
    assert (task.title, task.version) == ("A", 3)
    table.refresh_from_db()
    assert table.state == "applied"


# --- files out --------------------------------------------------------------------------


def test_the_template_comes_back_as_a_table_without_a_problem_of_form() -> None:
    campaign, _unit, manager = office()
    book = load_workbook(BytesIO(template_file(campaign)))
    assert len(book.worksheets) == 2
    sheet: Any = book.worksheets[0]
    sheet["B2"], sheet["H2"] = "Việc từ mẫu", "VPX"
    assert sheet["B1"].value == LABELS["title"]
    table = received(manager, campaign, book)
    assert table.problems == []
    take_in(actor=manager, table=table, now=NOON)
    assert Task.objects.get().title == "Việc từ mẫu"


def test_the_list_of_problems_names_every_cell() -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    book = workbook(("V1.1", "=1+1", "XYZ", None, None), keys=KEYS)
    table = received(manager, campaign, book)
    found = preview(table, now=NOON).problems
    sheet: Any = load_workbook(BytesIO(problems_file(table, found))).active
    cells = [row[0].value for row in sheet.iter_rows()]
    assert cells[-2:] == ["B2", "C2"]
    assert all(isinstance(row[2].value, str) for row in list(sheet.iter_rows())[-2:])


def test_reading_asks_the_same_number_of_questions_however_long_the_table(
    django_assert_max_num_queries: Any,
) -> None:
    campaign, unit, manager = office()
    for i in range(30):
        draft_of(campaign, unit, f"V{i}")
    book = workbook(*((f"V{i}", f"Tên {i}") for i in range(30)), keys=("code", "title"))
    table = received(manager, campaign, book)
    with django_assert_max_num_queries(12):
        assert len(preview(table, now=BEGIN).changes) == 30
