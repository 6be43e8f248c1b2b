"""Loading plan files: all errors at once and nothing loaded; twice is once; people win."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaign.models import Briefing, Campaign, LightTransition, Phase, Process, Product, Task
from campaign.rules import last_day
from campaign.services import PlanFileError, load_plan, revise_deadline
from security.models import AuditEvent, Unit, User
from tests.campaign.make import BEGIN, NOON, PLAN, load_real_plan
from tests.security.make import make_unit, make_user

SMALL = """\
plan_format: 1
campaign: {code: NHO, title: Chiến dịch nhỏ, unit: GOC, start: 2026-05-15, end: 2026-05-28}
units:
  - {code: GOC, name: Gốc}
  - {code: A, name: Đơn vị A, parent: GOC}
  - {code: TAP, name: Các đơn vị, parent: GOC, collective: true, members: [A]}
phases:
  - {number: 1, start: 2026-05-15, end: 2026-05-21}
  - {number: 2, start: 2026-05-22, end: 2026-05-28}
groups: [{number: 1, name: Nhóm}]
blocks: [{number: 1, name: Khối}]
matrix:
  - {number: 1, name: Hàng, group: 1, block: 1, follows: G1, cells: [Chuẩn bị, null]}
tasks:
  - code: G1
    kind: group
    group: 1
    matrix_row: 1
    block: 1
    title: Lập danh mục
    lead: A
    products: [Danh mục]
    deadline: {printed: Trước 28/5, before: 2026-05-28}
assignments:
  tasks:
    - {task: G1, owner: chunhiem, responsibility: Chịu trách nhiệm, process: Làm}
    - {task: M1.1, owner: chunhiem, responsibility: Chịu trách nhiệm, process: Làm}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(text, "utf-8")
    return path


def errors_of(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(PlanFileError) as raised:
        load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    assert not Campaign.objects.exists()
    assert not Task.objects.exists()
    assert not Unit.objects.exists()
    return [(problem.line, problem.message) for problem in raised.value.problems]


# --- the real plan ----------------------------------------------------------------------


@pytest.mark.django_db
def test_the_real_plan_becomes_74_running_tasks() -> None:
    report = load_real_plan()
    assert report.tasks == 74
    assert len(report.activated) == 74
    assert report.incomplete == {}
    assert report.unknown_people == []
    assert Task.objects.active().count() == 74
    assert Phase.objects.count() == 7
    assert Product.objects.mandatory().count() == 14
    assert Briefing.objects.count() == 7
    assert Process.objects.count() == 31
    assert Campaign.objects.get().days == 47
    assert LightTransition.objects.count() == 74


@pytest.mark.django_db
def test_without_its_people_the_real_plan_is_74_drafts() -> None:
    report = load_plan(PLAN, actor=None, now=BEGIN)
    assert report.activated == []
    assert len(report.incomplete) == 74
    assert report.incomplete["V1.1"] == ["owner"]
    assert "leminhquang" in report.unknown_people
    assert not Task.objects.on_board().exists()
    assert AuditEvent.objects.filter(action="plan.loaded").count() == 1


@pytest.mark.django_db
def test_loading_twice_changes_nothing() -> None:
    load_real_plan()
    before = list(Task.objects.values().order_by("pk"))
    history = Task.history.count()
    report = load_plan(PLAN, actor=None, now=NOON)
    assert (report.created, report.updated, report.activated) == ([], [], [])
    assert report.differences == []
    assert list(Task.objects.values().order_by("pk")) == before
    assert Task.history.count() == history


@pytest.mark.django_db
def test_coordinating_units_and_deputies_are_let_in() -> None:
    load_real_plan()
    task = Task.objects.get(code="W1.1")  # coordinating: a collective of five units
    granted = set(task.unit_grants.values_list("grantee__code", flat=True))
    assert granted == {"VCSDDV", "VCB", "CBVCTNB", "VNCKH", "TB", "PTB", "BCD"}
    assert [g.user.username for g in task.user_grants.all()] == ["dangquocviet"]
    deputy = User.objects.get(username="photruong")
    seen = Task.objects.visible_to(deputy)
    assert set(seen.values_list("block__no", flat=True)) >= {2, 4, 7}
    assert seen.filter(code="M3.4").exists()


@pytest.mark.django_db
def test_start_shifts_every_date_and_recomputes_labels() -> None:
    report = load_plan(PLAN, actor=None, now=BEGIN, start=date(2026, 11, 6))
    assert report.tasks == 74
    campaign = Campaign.objects.get()
    assert (campaign.start, campaign.end) == (date(2026, 11, 6), date(2026, 12, 22))
    assert Phase.objects.get(no=4).span == "27/11–03/12"
    w63 = Task.objects.get(code="W6.3").deadline
    assert w63 is not None
    assert last_day(w63) == date(2026, 12, 17)
    s3 = Product.objects.get(checklist_code="S3")
    assert s3.deadline is not None
    assert last_day(s3.deadline) == date(2026, 11, 15)
    assert s3.deadline_text == "Trước 25/5"  # printed words stay as printed
    assert Briefing.objects.filter(closing=True).get().day == date(2026, 12, 22)
    assert campaign.reference["bases"][0]["date"] == "2024-12-22"


@pytest.mark.django_db
def test_shifting_again_moves_the_same_rows() -> None:
    load_plan(PLAN, actor=None, now=BEGIN)
    load_plan(PLAN, actor=None, now=BEGIN, start=date(2026, 11, 6))
    assert (Briefing.objects.count(), Phase.objects.count(), Task.objects.count()) == (7, 7, 74)
    assert Phase.objects.get(no=1).start == date(2026, 11, 6)
    assert Briefing.objects.order_by("day")[0].day == date(2026, 11, 12)


@pytest.mark.django_db
def test_a_start_on_another_weekday_is_refused() -> None:
    with pytest.raises(PlanFileError, match="not a Friday"):
        load_plan(PLAN, actor=None, now=BEGIN, start=date(2026, 11, 7))
    assert not Campaign.objects.exists()


# --- what is wrong, all of it, with its place -------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("code: A,", "code: GOC,", 5, "duplicate code 'GOC', first in line 4"),
        ("lead: A\n", "lead: XYZ\n", 21, "unknown unit 'XYZ'"),
        ("members: [A]", "members: [A, B]", 6, "unknown unit 'B'"),
        ("end: 2026-05-21", "end: 2026-02-30", 8, "2026-02-30 is not a date that exists"),
        ("    title: Lập", "    tittle: x\n    title: Lập", 20, "unknown key"),
        ("    kind: group\n", "    kind: group\n    kind: week\n", 17, "the key is there twice"),
        ("before: 2026", "by: 2026", 23, "write before, not by"),
        ("    group: 1\n", "    group: 9\n", 17, "there is no group 9"),
        ("task: M1.1", "task: M1.2", 27, "unknown task 'M1.2'"),
        ("follows: G1", "follows: G9", 13, "unknown task 'G9'"),
        ("cells: [Chuẩn bị, null]", "cells: [Chuẩn bị]", 13, "1 cells for 2 phases"),
        ("code: G1\n", "code: M1.1\n", 13, "duplicate code 'M1.1'"),
        ("number: 2, start", "number: 1, start", 9, "duplicate code 1"),
        ("plan_format: 1", "plan_format: 2", 1, "1 was expected"),
        ("parent: GOC, collective", "parent: TAP, collective", 6, "form a circle"),
        ("groups: [", "groups: [[", 14, "expected"),
    ],
)
def test_an_error_is_told_with_its_line_and_nothing_is_loaded(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert SMALL.count(old) >= 1
    found = errors_of(tmp_path, SMALL.replace(old, new, 1))
    assert any(said in message for _line, message in found), found
    if line != 14:
        assert any(said in message and at == line for at, message in found), found


@pytest.mark.django_db
def test_all_errors_are_listed_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("lead: A\n", "lead: XYZ\n").replace("code: A,", "code: GOC,")
    text = text.replace("follows: G1", "follows: G9")
    messages = " ".join(message for _line, message in errors_of(tmp_path, text))
    assert "XYZ" in messages
    assert "GOC" in messages
    assert "G9" in messages


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "a: &a [*a]", "\tx: 1", "plan_format: 1"])
def test_files_that_are_no_plan(tmp_path: Path, text: str) -> None:
    assert errors_of(tmp_path, text)


@pytest.mark.django_db
def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(PlanFileError, match="cannot be read"):
        load_plan(path, actor=None, now=BEGIN)


# --- incomplete rows --------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_that_lacks_something_loads_as_a_draft_and_is_listed(tmp_path: Path) -> None:
    make_user(username="chunhiem", unit=make_unit(code="KHAC"))
    text = SMALL.replace("    lead: A\n", "").replace("    products: [Danh mục]\n", "")
    text = text.replace("    deadline: {printed: Trước 28/5, before: 2026-05-28}\n", "")
    report = load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    assert report.incomplete["G1"] == ["lead", "deadline", "product"]
    assert report.incomplete["M1.1"] == ["lead"]
    task = Task.objects.get(code="G1")
    assert task.state == "draft"
    assert task.unit.code == "GOC"
    assert not Task.objects.on_board().exists()


@pytest.mark.django_db
def test_a_collective_is_no_lead_until_the_assignment_names_one(tmp_path: Path) -> None:
    make_user(username="chunhiem", unit=make_unit(code="KHAC"))
    text = SMALL.replace("lead: A\n", "lead: TAP\n")
    report = load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    assert report.incomplete["G1"] == ["collective_lead"]
    named = text.replace("{task: G1, owner", "{task: G1, lead: A, owner")
    report = load_plan(write(tmp_path, named), actor=None, now=BEGIN)
    assert report.activated == ["G1"]
    assert Task.objects.get(code="G1").unit.code == "A"


@pytest.mark.django_db
def test_people_who_come_later_complete_the_drafts(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    assert len(load_plan(path, actor=None, now=BEGIN).incomplete) == 2
    make_user(username="chunhiem", unit=Unit.objects.get(code="A"))
    report = load_plan(path, actor=None, now=BEGIN)
    assert sorted(report.activated) == ["G1", "M1.1"]


# --- people win -------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_people_changed_stays_and_is_listed_what_the_file_changed_follows(
    tmp_path: Path,
) -> None:
    make_user(username="chunhiem", unit=make_unit(code="KHAC"))
    path = write(tmp_path, SMALL)
    load_plan(path, actor=None, now=BEGIN)
    task = Task.objects.get(code="G1")
    task.process = "Cách làm của đơn vị"
    task.save()
    changed = SMALL.replace("title: Lập danh mục", "title: Lập danh mục mới")
    report = load_plan(write(tmp_path, changed), actor=None, now=NOON)
    task.refresh_from_db()
    assert task.process == "Cách làm của đơn vị"
    assert task.title == "Lập danh mục mới"
    assert report.updated == ["task:G1"]
    [difference] = report.differences
    assert (difference.key, difference.field) == ("task:G1", "process")
    assert (difference.file, difference.here) == ("Làm", "Cách làm của đơn vị")
    again = load_plan(write(tmp_path, changed), actor=None, now=NOON)
    assert again.updated == []
    assert len(again.differences) == 1


@pytest.mark.django_db
def test_a_deadline_moved_by_a_leader_stays() -> None:
    load_real_plan()
    task = Task.objects.get(code="W2.3")
    head = User.objects.get(username="truongban")
    new = Task.objects.get(code="W3.1").deadline
    assert new is not None
    revise_deadline(actor=head, task=task, deadline=new, reason="Chờ số liệu", now=NOON)
    report = load_plan(PLAN, actor=None, now=NOON)
    task.refresh_from_db()
    assert task.deadline == new
    assert task.original_deadline is not None
    assert last_day(task.original_deadline) == date(2026, 5, 28)
    assert [d.key for d in report.differences] == ["task:W2.3"]


@pytest.mark.django_db
def test_what_left_the_file_stays_and_is_listed(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL), actor=None, now=BEGIN)
    text = SMALL.replace("cells: [Chuẩn bị, null]", "cells: [null, Chuẩn bị]")
    text = text.replace("task: M1.1", "task: M1.2")
    report = load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    assert "task:M1.1" in [d.key for d in report.differences]
    assert Task.objects.filter(code__in=["M1.1", "M1.2"]).count() == 2


# --- the command ------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_tells_json(tmp_path: Path) -> None:
    out = StringIO()
    call_command("load_plan", str(write(tmp_path, SMALL)), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["campaign"] == "NHO"
    assert told["incomplete"] == {"G1": ["owner"], "M1.1": ["owner"]}


@pytest.mark.django_db
def test_the_command_fails_with_all_errors(tmp_path: Path) -> None:
    out = StringIO()
    path = write(tmp_path, SMALL.replace("lead: A\n", "lead: XYZ\n"))
    with pytest.raises(CommandError, match="line 21"):
        call_command("load_plan", str(path), "--json", stdout=out)
    [error] = json.loads(out.getvalue())["errors"]
    assert error == {"line": 21, "key": "tasks[0].lead", "message": "unknown unit 'XYZ'"}
    with pytest.raises(CommandError, match="not a date"):
        call_command("load_plan", str(path), "--start", "2026-13-01")
