"""Lists and plan pages at a past instant: thresholds, leads and the instant itself are of then."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Task
from campaign.rules import ZONE, Policy
from campaign.selectors import board_for
from campaign.services import hand_over, report_progress, set_policy
from security.models import Unit
from tests.campaign.make import make_campaign, make_task, owner_of
from tests.campaign.test_policies import manager_of
from tests.campaign.test_views import client_of, head_of
from tests.security.make import make_unit, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def begun(now: datetime, **fields: object) -> Task:
    """A task that runs since the day before yesterday, due in ten days, well ahead."""
    today = now.astimezone(ZONE).date()
    campaign = make_campaign(start=today - 5 * DAY)
    task = make_task(campaign=campaign, now=now - 2 * DAY, deadline=now + 10 * DAY, **fields)
    report_progress(actor=owner_of(task), task=task, percent=95, now=now - 2 * DAY)
    return task


def read(client: Client, name: str, **query: str) -> str:
    answer = client.get(reverse(f"campaign:{name}"), query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.mark.parametrize("name", ["task_list", "matrix_six", "timeline", "calendar"])
def test_an_old_colour_is_explained_by_the_thresholds_of_its_instant(name: str) -> None:
    now = timezone.now()
    task = begun(now)
    manager = manager_of(task.campaign)
    for policy, when in ((Policy(20, 20), now - DAY), (Policy(), now - timedelta(hours=1))):
        set_policy(actor=manager, campaign=task.campaign, policy=policy, reason="x", now=when)
    at = now - timedelta(hours=2)
    board = board_for(head_of(task), at, now=now)
    assert board is not None
    assert {one.light: one.count for one in board.lights if one.count} == {"yellow": 1}
    query = {"at": at.isoformat(), "view": "day", "day": (now + 10 * DAY).astimezone(ZONE).date()}
    client = client_of(head_of(task))
    past = read(client, name, **{key: str(value) for key, value in query.items()})
    assert re.search(r"còn \d+ ngày, chưa nộp", past)
    assert "đúng tiến độ" not in past


def posted(text: str, **changes: str) -> dict[str, str]:
    """What a browser sends of the filters' form, with some fields changed."""
    form = text[text.index("plan-filters") :]
    form = form[: form.index("</form>")]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name:
            sent[name[1]] = unescape(value[1]) if value else ""
    return {**sent, **changes}


def moment_of(text: str) -> datetime:
    found = re.search(r'<time datetime="([^"]+)">', text)
    assert found
    return datetime.fromisoformat(found[1])


@pytest.mark.parametrize("name", ["matrix_six", "matrix_units", "timeline", "calendar"])
def test_filtering_a_past_page_keeps_its_instant(name: str) -> None:
    now = timezone.now()
    client = client_of(head_of(begun(now)))
    # an hour of a day before, and of this very day if it has begun to be past
    for at in (now - 30 * timedelta(hours=1), now - timedelta(seconds=1)):
        text = read(client, name, at=at.isoformat())
        again = read(client, name, **posted(text, kind="week"))
        assert moment_of(again) == moment_of(text)
        assert "is-past" in again


def test_another_day_is_its_end_and_no_day_is_now() -> None:
    now = timezone.now()
    client = client_of(head_of(begun(now)))
    text = read(client, "calendar", at=(now - timedelta(hours=30)).isoformat())
    day = (now - 3 * DAY).astimezone(ZONE).date()
    end = moment_of(read(client, "calendar", **posted(text, at=day.isoformat())))
    assert end.astimezone(ZONE).date() == day
    assert (end.astimezone(ZONE).hour, end.astimezone(ZONE).minute) == (23, 59)
    assert 'class="is-past"' not in read(client, "calendar", **posted(text, at=""))
    today = now.astimezone(ZONE).date().isoformat()
    assert 'class="is-past"' not in read(client, "calendar", **posted(text, at=today))


def handed_over(now: datetime) -> tuple[Task, Task]:
    """Two tasks; the first went an hour ago from M, which is dissolved since, to Z; P keeps its."""
    first = begun(now)
    root = first.campaign.unit
    before, after = (make_unit(parent=root, name=f"{name} đơn vị") for name in "MZ")
    Task.objects.filter(pk=first.pk).update(unit=before, unit_path=before.path)
    owner = first.owner
    assert owner is not None
    type(owner).objects.filter(pk=owner.pk).update(unit=before)
    first = Task.objects.get(pk=first.pk)
    second = make_task(
        campaign=first.campaign,
        now=now - 2 * DAY,
        deadline=now + 10 * DAY,
        unit=make_unit(parent=root, name="P đơn vị"),
    )
    hand_over(
        actor=manager_of(first.campaign),
        task=first,
        owner=make_user(unit=after),
        unit=after,
        reason="Đổi đầu mối",
        now=now - timedelta(hours=1),
    )
    Unit.objects.filter(pk=before.pk).update(dissolved_on=now.date())
    return first, second


def test_rows_stand_under_and_in_the_order_of_the_units_that_led_them_then() -> None:
    now = timezone.now()
    first, second = handed_over(now)
    client, at = client_of(head_of(first)), (now - timedelta(hours=2)).isoformat()

    def order(**query: str) -> list[str]:
        text = read(client, "task_list", sort="unit", **query)
        return sorted((first.code, second.code), key=lambda code: text.index(f"{code} ·"))

    assert order() == [second.code, first.code]
    assert order(at=at) == [first.code, second.code]
    for name in ("task_list", "matrix_six", "calendar"):
        text = read(client, name, at=at)
        assert ">M đơn vị</option>" in text, name
        assert ">Z đơn vị</option>" not in text, name
    bars = read(client, "timeline", by="unit", at=at)
    assert "M đơn vị" in bars
    assert "Z đơn vị" not in bars
    folded = read(client, "timeline", by="unit", at=at, fold=Unit.objects.get(name="M đơn vị").code)
    assert f"/tasks/{first.pk}/" not in folded
    assert f"/tasks/{second.pk}/" in folded


@pytest.mark.parametrize("sort", ["unit", "person"])
def test_the_six_clear_matrix_is_in_the_order_of_then(sort: str) -> None:
    now = timezone.now()
    first, second = handed_over(now)
    first.refresh_from_db()
    handed = first.hand_overs.get()
    for who, name in ((handed.from_owner, "An"), (second.owner, "Bình"), (handed.to_owner, "Chi")):
        type(handed.to_owner).objects.filter(pk=getattr(who, "pk", 0)).update(full_name=name)
    client, at = client_of(head_of(first)), (now - timedelta(hours=2)).isoformat()

    def order(**query: str) -> list[str]:
        text = read(client, "matrix_six", order=sort, **query)
        return sorted((first.code, second.code), key=lambda code: text.index(f">{code} "))

    assert order() == [second.code, first.code]
    assert order(at=at) == [first.code, second.code]


def test_gaps_of_a_past_instant_are_those_of_its_rows() -> None:
    now = timezone.now()
    first, second = handed_over(now)
    client, at = client_of(head_of(first)), (now - timedelta(hours=2)).isoformat()
    for query, count in (({}, 0), ({"at": at}, 1)):
        text = read(client, "matrix_six", **query)
        found = re.findall(r'href="[^"]*lacks=(\w+)[^"]*".*?<b>(\d+)</b>', text)
        assert found == ([("person", "1")] if count else [])
        assert text.count('class="lacks"') == count
    only = read(client, "matrix_six", at=at, lacks="person")
    assert f">{first.code} " in only
    assert f">{second.code} " not in only
