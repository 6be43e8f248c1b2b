"""Whom an @ suggests: those who may really be called come first, whatever hundreds are called."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaign.models import Task
from campaign.selectors.callable import TRIED_AT_MOST, people_to_call
from campaign.services.granting import sync_grants
from security.models import Unit, User
from tests.campaign.test_views import head_of, running
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
MANY = 200


def crowd(unit: Unit, *, role: str = "") -> None:
    """People called alike, before all others by name."""
    people = User.objects.bulk_create(
        User(username=f"an{unit.pk}x{no}", full_name=f"An A {no:03}", unit=unit)
        for no in range(MANY)
    )
    if role:
        for person in people[: TRIED_AT_MOST + 5]:
            grant_role(person, role, unit)


def found(reader: User, task: Task, typed: str = "an") -> list[User]:
    return people_to_call(User.objects.get(pk=reader.pk), task, typed, now=timezone.now())


def test_a_role_above_and_a_grant_go_before_hundreds_of_the_same_name() -> None:
    task = running()
    head = head_of(task)
    crowd(make_unit(parent=task.campaign.unit), role="unit_staff")
    crowd(task.unit, role="operator")  # a role here that shows no tasks
    above = make_user(unit=task.campaign.unit, full_name="An Z Văn phòng")
    grant_role(above, "office", task.campaign.unit)
    deputy = make_user(unit=make_unit(), full_name="An Z Phó Ban")
    grant_role(deputy, "unit_staff", deputy.unit)
    block = task.block
    assert block is not None
    block.deputy = deputy
    block.save()
    partner = make_user(unit=make_unit(), full_name="An Z Phối hợp")
    grant_role(partner, "unit_staff", partner.unit)
    task.task_units.create(unit=partner.unit, role="coordinates")
    row = Task.objects.get(pk=task.pk)
    sync_grants([row], actor=None, now=timezone.now())
    own = make_user(unit=task.unit, full_name="An Z Chuyên viên")
    grant_role(own, "unit_staff", task.unit)
    assert found(head, row) == [own, partner, deputy, above]


def test_what_only_looks_like_a_right_leads_to_nobody() -> None:
    task = running()
    ended = make_user(unit=task.unit, full_name="An Hết hạn")
    grant_role(ended, "unit_staff", task.unit, valid_to=timezone.now())
    keeper = make_user(unit=task.unit, full_name="An Giữ hồ sơ")
    grant_role(keeper, "keeper", task.unit)  # shows no tasks
    assert found(head_of(task), task) == []


def test_the_queries_are_bounded_by_the_names_tried() -> None:
    task = running()
    head = head_of(task)
    crowd(make_unit(parent=task.campaign.unit), role="unit_staff")
    crowd(task.unit)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert found(head, task) == []
    assert len(queries) <= TRIED_AT_MOST + 3  # the reader himself, the names, their roles
