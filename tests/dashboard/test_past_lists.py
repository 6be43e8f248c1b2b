"""The lists behind the board of a past instant show whose the tasks were then."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from campaign.models import Campaign, Task
from campaign.services import hand_over
from security.models import User
from tests.dashboard.conftest import signed_in_as
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
CHASE = "/board/chase/?what=report"


def given_away(task: Task, *, now: datetime) -> User:
    """Hand a task over to a new unit, whose one member owns it from now on; returns him."""
    unit = make_unit(parent=task.campaign.unit, name="Đơn vị mới nhận")
    owner = make_user(unit=unit, full_name="Người Mới Nhận")
    grant_role(owner, "unit_staff", unit)
    office = User.objects.get(username="vanphong")
    hand_over(actor=office, task=task, owner=owner, unit=unit, reason="Đổi đầu mối", now=now)
    return owner


def test_what_a_checkpoint_asked_was_asked_of_the_owner_of_then(campaign: Campaign) -> None:
    now = timezone.now()
    client = signed_in_as("truongban")
    at = f"/board/checkpoint/?at={quote((now - timedelta(minutes=5)).isoformat())}"
    before = client.get(at)
    link = next(row.url for row in before.context["rows"] if row.state == "not handed in")
    task = Task.objects.select_related("unit", "owner", "campaign").get(pk=link.split("/")[2])
    then = [(row.url, row.unit, row.owner, row.waits_for) for row in before.context["rows"]]
    owner = given_away(task, now=now)
    again = client.get(at).context["rows"]
    assert [(row.url, row.unit, row.owner, row.waits_for) for row in again] == then
    today = client.get("/board/checkpoint/").context["rows"]
    assert (owner.unit.name, str(owner)) in {(row.unit, row.owner) for row in today}


def test_whom_to_call_first_counts_the_units_of_then(campaign: Campaign) -> None:
    now = timezone.now()
    client = signed_in_as("vanphong")
    at = f"{CHASE}&at={quote((now - timedelta(minutes=5)).isoformat())}"
    before = client.get(at).context
    task_id = before["rows"][0].row.task_id
    task = Task.objects.select_related("unit", "owner", "campaign").get(pk=task_id)
    owner = given_away(task, now=now)
    again = client.get(at).context["units"]
    assert again == before["units"]
    for unit in again:
        assert client.get(unit.url).context["page"].paginator.count == unit.number
    assert owner.unit.name in {one.name for one in client.get(CHASE).context["units"]}
