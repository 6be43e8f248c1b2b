"""A plan loaded again while its tasks run: what people took away stays away, nothing is emptied."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from campaign.models import Product, Task, TaskUnit
from campaign.services import (
    PlanFileError,
    cancel_task,
    load_plan,
    remove_product,
    split_task,
    sweep_lights,
)
from campaign.services.plans import LoadReport
from security.models import Unit
from tests.campaign.make import BEGIN, NOON, office_of
from tests.campaign.test_load_plan import SMALL, write
from tests.security.make import make_user

pytestmark = pytest.mark.django_db
TWO = SMALL.replace("products: [Danh mục]", "products: [Danh mục, Biên bản]")
CHECKLIST = """\
products:
  - {code: S1, title: Danh mục gốc, tasks: [G1]}
"""
G1 = "    - {task: G1, owner: chunhiem, responsibility: Chịu trách nhiệm, process: Làm}\n"

# With a second unit, and a place for the lead of G1 and for who works along.
LEADS = (
    SMALL.replace("{", "{{")
    .replace("}", "}}")
    .replace("    lead: A\n", "    lead: {}\n    coordinating: {}\n")
    .replace("  - {{code: TAP", "  - {{code: B, name: Đơn vị B, parent: GOC}}\n  - {{code: TAP")
)


def loaded(tmp_path: Path, text: str = TWO) -> LoadReport:
    report = load_plan(write(tmp_path, text), actor=None, now=NOON)
    connection.check_constraints()
    return report


def running(tmp_path: Path, text: str = TWO) -> Task:
    """G1, on the board."""
    load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    make_user(username="chunhiem", unit=Unit.objects.get(code="A"))
    load_plan(write(tmp_path, text), actor=None, now=BEGIN)
    task: Task = Task.objects.active().get(code="G1")
    return task


def told(report: LoadReport) -> list[tuple[str, str, str]]:
    return [(one.key, one.field, one.here) for one in report.differences]


# --- products that people took away -----------------------------------------------------


def test_a_product_removed_here_does_not_come_back(tmp_path: Path) -> None:
    task = running(tmp_path)
    remove_product(actor=office_of(task), product=task.products.get(position=2), now=NOON)
    for _load in range(2):
        report = loaded(tmp_path)
        assert report.created == []
        assert told(report) == [("product:G1/2", "", "removed or moved here")]
    assert [one.title for one in task.products.all()] == ["Danh mục"]


def test_a_product_split_off_is_not_made_twice(tmp_path: Path) -> None:
    task = running(tmp_path)
    before = Product.objects.count()
    taken = task.products.get(position__gt=1)
    actor = office_of(task)
    split_task(actor=actor, task=task, title="Phần hai", unit=task.unit, products=[taken], now=NOON)
    report = loaded(tmp_path)
    assert len(told(report)) == 1
    assert Product.objects.count() == before
    assert task.products.count() == 1


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_a_task_that_is_over_gets_no_new_product(tmp_path: Path, state: str) -> None:
    task = running(tmp_path, SMALL)
    if state == "cancelled":
        cancel_task(actor=office_of(task), task=task, reason="Không cần", now=NOON)
    else:
        Task.objects.filter(pk=task.pk).update(state="done", light="done", done_at=NOON)
    for _load in range(2):
        report = loaded(tmp_path)
        assert told(report) == [("product:G1/2", "", f"the task is {state}")]
    assert task.products.count() == 1


def test_a_new_product_of_a_running_task_changes_its_light(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL)
    sweep_lights(now=NOON)
    early = CHECKLIST.replace("tasks:", "deadline: {by: 2026-05-16}, tasks:")
    report = loaded(tmp_path, SMALL + early)
    task.refresh_from_db()
    assert report.created == ["product:S1"]
    assert task.light == "red"


def test_a_checklist_with_a_new_first_entry_keeps_its_products(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL + CHECKLIST)
    first = CHECKLIST.replace(":\n", ":\n  - {code: S0, title: Đề cương, tasks: [G1]}\n", 1)
    report = loaded(tmp_path, SMALL + first)
    assert report.created == ["product:S0"]
    assert report.differences == []
    assert sorted(one.checklist_code for one in task.products.all()) == ["", "S0", "S1"]
    assert loaded(tmp_path, SMALL + first).created == []


# --- what a later file leaves out -------------------------------------------------------


def test_a_file_without_assignments_empties_no_running_task(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL)
    without = SMALL.replace(G1, "")
    for _load in range(2):
        report = loaded(tmp_path, without)
        assert report.updated == []
        assert [name for _key, name, _here in told(report)] == [
            "owner",
            "responsibility",
            "process",
        ]
    now = Task.objects.get(pk=task.pk)
    assert (now.owner, now.process, now.state) == (task.owner, "Làm", "active")


def test_a_file_without_lead_and_deadline_empties_no_running_task(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL)
    without = SMALL.replace("    lead: A\n", "").replace(
        "    deadline: {printed: Trước 28/5, before: 2026-05-28}\n", ""
    )
    report = loaded(tmp_path, without)
    now = Task.objects.get(pk=task.pk)
    kept = ("unit", "lead_named", "deadline", "original_deadline", "light")
    assert [getattr(now, name) for name in kept] == [getattr(task, name) for name in kept]
    listed = {name for key, name, _here in told(report) if key == "task:G1"}
    assert listed == {"unit", "lead_named", "deadline"}


def test_a_collective_becomes_no_lead_of_a_running_task(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL)
    report = loaded(tmp_path, SMALL.replace("    lead: A\n", "    lead: TAP\n"))
    assert ("task:G1", "unit", "A") in told(report)
    assert Task.objects.get(pk=task.pk).unit == task.unit


def test_what_was_left_out_and_comes_again_is_followed(tmp_path: Path) -> None:
    task = running(tmp_path, SMALL)
    loaded(tmp_path, SMALL.replace(G1, ""))
    report = loaded(tmp_path, SMALL.replace(G1, G1.replace("process: Làm", "process: Rà soát")))
    assert report.differences == []
    assert Task.objects.get(pk=task.pk).process == "Rà soát"


@pytest.mark.parametrize(
    ("coordinating", "said"), [("[A]", "'A' leads this task"), ("[B, B]", "'B' is named twice")]
)
def test_no_unit_works_along_with_itself(tmp_path: Path, coordinating: str, said: str) -> None:
    wrong = LEADS.format("A", coordinating)
    with pytest.raises(PlanFileError, match=said):
        load_plan(write(tmp_path, wrong), actor=None, now=BEGIN)
    assert not Task.objects.exists()


def test_a_partner_whom_people_made_the_lead_is_no_partner_again(tmp_path: Path) -> None:
    task = running(tmp_path, LEADS.format("A", "[]"))
    other = Unit.objects.get(code="B")
    Task.objects.filter(pk=task.pk).update(unit=other, unit_path=other.path)
    loaded(tmp_path, LEADS.format("A", "[B]"))
    assert not task.task_units.exists()


def test_a_partner_whom_the_file_makes_the_lead_works_along_no_longer(tmp_path: Path) -> None:
    task = running(tmp_path, LEADS.format("A", "[]"))
    TaskUnit.objects.create(task=task, unit=Unit.objects.get(code="B"))
    loaded(tmp_path, LEADS.format("B", "[]"))
    assert Task.objects.get(pk=task.pk).unit.code == "B"
    assert not task.task_units.exists()


def test_a_draft_may_be_emptied(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL), actor=None, now=BEGIN)
    loaded(tmp_path, SMALL.replace(G1, ""))
    assert Task.objects.get(code="G1").process == ""
