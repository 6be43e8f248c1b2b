"""The lead of a task does not work along with itself, by whatever door it came to lead."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from campaign.models import Task, TaskUnit
from campaign.services import (
    complete_draft,
    edit_task,
    hand_over,
    set_partners,
)
from campaign.services.bulk import Change, ChangeKind, apply_changes, mark_of
from campaign.services.importing import take_in
from security.models import Unit
from tests.campaign.make import BEGIN, make_draft, make_task, office_of
from tests.campaign.sheets import received, workbook
from tests.security.make import make_unit, make_user

pytestmark = pytest.mark.django_db


def helped(task: Task) -> tuple[Task, Unit, Unit]:
    """The task with two units that work along."""
    first, second = (make_unit(parent=task.campaign.unit) for _ in range(2))
    set_partners(
        actor=office_of(task), task=task, partners=[(first, ""), (second, "phần hai")], now=BEGIN
    )
    return Task.objects.get(pk=task.pk), first, second


def leads_alone(task: Task, lead: Unit, other: Unit) -> None:
    """It leads, the other still works along, and partners can be changed as ever."""
    row = Task.objects.get(pk=task.pk)
    assert row.unit == lead
    assert [one.unit for one in row.task_units.all()] == [other]
    third = make_unit(parent=task.campaign.unit)
    apply_changes(
        actor=office_of(row),
        marks={row.pk: mark_of(row)},
        change=Change(ChangeKind.PARTNER, unit=third),
        now=BEGIN,
    )
    assert {one.unit for one in row.task_units.all()} == {other, third}


def test_a_running_task_handed_over_to_a_unit_that_coordinates() -> None:
    task, lead, other = helped(make_task())
    owner = make_user(unit=lead)
    hand_over(actor=office_of(task), task=task, owner=owner, unit=lead, reason="Đổi", now=BEGIN)
    assert [one.grantee for one in task.unit_grants.in_force(BEGIN)] == [other]
    leads_alone(task, lead, other)


def test_a_draft_whose_lead_is_changed_on_its_form() -> None:
    task, lead, other = helped(make_draft())
    edit_task(actor=office_of(task), task=task, version=task.version, unit=lead, now=BEGIN)
    leads_alone(task, lead, other)


def test_a_draft_that_is_completed_with_its_lead() -> None:
    task, lead, other = helped(make_draft(lead_named=False))
    complete_draft(actor=office_of(task), task=task, unit=lead, now=BEGIN)
    leads_alone(task, lead, other)


def test_a_draft_whose_lead_is_changed_by_a_table() -> None:
    task, lead, other = helped(make_draft())
    book = workbook((task.code, lead.code), keys=("code", "unit"))
    table = received(office_of(task), task.campaign, book)
    assert table.problems == []
    take_in(actor=table.by, table=table, now=BEGIN)
    leads_alone(task, lead, other)


def lead_is(task: Task, unit: Unit) -> None:
    Task.objects.filter(pk=task.pk).update(unit=unit, unit_path=unit.path)
    at_once()


def works_along(task: Task, unit: Unit) -> None:
    TaskUnit.objects.create(task=task, unit=unit)
    at_once()


def at_once() -> None:
    """Ask what the database asks at the end of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_lets_no_lead_work_along() -> None:
    task, lead, _other = helped(make_draft())
    for deed, unit in ((lead_is, lead), (works_along, task.unit)):
        with pytest.raises(IntegrityError, match="task_lead_works_along"), transaction.atomic():
            deed(task, unit)
