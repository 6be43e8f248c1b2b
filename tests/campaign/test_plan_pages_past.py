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
from campaign.services import report_progress, set_policy
from tests.campaign.make import make_campaign, make_task, owner_of
from tests.campaign.test_policies import manager_of
from tests.campaign.test_views import client_of, head_of

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
