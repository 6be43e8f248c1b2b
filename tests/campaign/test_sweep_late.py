"""A sweep that stood still, workers whose clocks are wrong, and the comparison with the rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign import tasks
from campaign.models import LightCheck, LightTransition, Task
from campaign.rules import Policy
from campaign.selectors import board_for
from campaign.selectors.sweeping import late_since
from campaign.services import (
    compare_lights,
    database_now,
    judge,
    mend_lights,
    report_progress,
    set_policy,
    sweep_lights,
)
from security.models import AuditEvent
from security.services import RefusedError
from tests.campaign.make import (
    BEGIN,
    DEADLINE,
    make_campaign,
    make_task,
    office_of,
    owner_of,
)
from tests.campaign.test_views import client_of, head_of

pytestmark = pytest.mark.django_db
THREE_DAYS = timedelta(days=3)


def due_in(delta: timedelta, *, now: datetime) -> Task:
    """A running task, all reported, whose yellow warning begins in ``delta`` from ``now``."""
    start = timezone.localdate(now) - timedelta(days=10)
    task = make_task(
        campaign=make_campaign(start=start),
        now=now - timedelta(days=9),
        deadline=now + delta + timedelta(days=3),
    )
    report_progress(actor=owner_of(task), task=task, percent=100, now=now - timedelta(days=8))
    task.refresh_from_db()
    assert (task.light, task.next_change_at) == ("green", now + delta)
    return task


# --- standing still for three days ------------------------------------------------------


def test_three_days_are_caught_up_in_one_run_each_event_once() -> None:
    campaign = make_campaign()
    some = [make_task(campaign=campaign, deadline=DEADLINE + timedelta(hours=n)) for n in range(5)]
    for task in some:
        report_progress(actor=owner_of(task), task=task, percent=100, now=BEGIN)
    before = DEADLINE - timedelta(days=3, minutes=1)
    assert sweep_lights(now=before) == 0  # the last run before it stood still
    back = DEADLINE + timedelta(hours=5)  # more than three days later
    written = sweep_lights(now=back)
    assert written == 10  # yellow, then red, for each of the five
    assert sweep_lights(now=back) == 0
    for n, task in enumerate(some):
        rows = list(task.transitions.order_by("number"))
        assert [row.to_light for row in rows] == ["green", "yellow", "red"]
        due = DEADLINE + timedelta(hours=n)
        assert [row.effective_at for row in rows[1:]] == [due - THREE_DAYS, due]
        assert [row.detected_at for row in rows[1:]] == [back, back]
        assert rows[2].reasons[0]["code"] == "overdue"


def test_the_past_board_shows_what_was_so_although_it_was_found_later() -> None:
    task = make_task()
    report_progress(actor=owner_of(task), task=task, percent=100, now=BEGIN)
    sweep_lights(now=DEADLINE + THREE_DAYS)
    head = head_of(task)
    moments = {
        DEADLINE - timedelta(days=3, seconds=1): "green",
        DEADLINE - timedelta(days=1): "yellow",
        DEADLINE + timedelta(seconds=1): "red",
    }
    for at, light in moments.items():
        found = board_for(head, at, now=DEADLINE + THREE_DAYS)
        assert found is not None
        assert [one.light for one in found.lights if one.count] == [light]


def test_pages_say_that_the_sweep_is_late_and_no_longer_when_it_came() -> None:
    now = timezone.now()
    task = due_in(timedelta(minutes=-20), now=now)
    client = client_of(head_of(task))
    moment = timezone.localtime(task.next_change_at).strftime("%H:%M, %d/%m/%Y")
    pages = [
        reverse("board"),
        reverse("campaign:task_list"),
        reverse("campaign:product_list"),
        reverse("campaign:product", args=[task.pk, task.products.get().pk]),
    ]
    for page in pages:
        assert moment in client.get(page).content.decode(), page
    sweep_lights(now=now)
    for page in pages:
        assert "tiến trình nền" not in client.get(page).content.decode(), page


def test_the_sweep_is_late_after_five_minutes_and_never_in_a_closed_campaign() -> None:
    now = timezone.now()
    task = due_in(timedelta(minutes=-6), now=now)
    head = head_of(task)
    campaign = task.campaign
    assert late_since(head, campaign, now) == task.next_change_at
    assert late_since(head, campaign, now - timedelta(minutes=2)) is None
    campaign.closed_at = now
    assert late_since(head, campaign, now) is None
    stranger = owner_of(make_task(now=now))
    assert late_since(stranger, task.campaign, now) is None


# --- clocks -----------------------------------------------------------------------------


@pytest.fixture
def clock_off(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Turn this worker's own clock by so much; the database's stays right."""

    def turn(by: timedelta) -> None:
        right = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: right() + by)

    return turn


def test_a_worker_whose_clock_is_ahead_turns_no_light_before_its_time(clock_off: Any) -> None:
    task = due_in(timedelta(minutes=5), now=timezone.now())
    clock_off(timedelta(minutes=10))
    tasks.sweep_lights()
    task.refresh_from_db()
    assert task.light == "green"
    assert task.transitions.count() == 1


def test_a_worker_whose_clock_is_behind_leaves_no_light_late(clock_off: Any) -> None:
    right = timezone.now()
    task = due_in(timedelta(minutes=-5), now=right)
    clock_off(timedelta(minutes=-10))
    tasks.sweep_lights()
    task.refresh_from_db()
    assert task.light == "yellow"
    last = task.transitions.latest("number")
    assert last.effective_at == right - timedelta(minutes=5)
    assert right <= last.detected_at <= database_now()


def test_no_transition_stands_in_the_trail_before_it_was_due() -> None:
    due_in(timedelta(minutes=-5), now=timezone.now())
    tasks.sweep_lights()
    assert not [row for row in LightTransition.objects.all() if row.detected_at < row.effective_at]


# --- the comparison ---------------------------------------------------------------------


def wrong_one() -> tuple[Task, Task]:
    """Two running tasks, of which the second shows a light that no rule gives."""
    campaign = make_campaign()
    right, wrong = make_task(campaign=campaign), make_task(campaign=campaign)
    Task.objects.filter(pk=wrong.pk).update(light="red")
    return right, wrong


def test_the_nightly_comparison_is_kept() -> None:
    _right, wrong = wrong_one()
    (check,) = compare_lights(now=BEGIN)
    assert check.looked_at == 2
    assert check.differences == [{"task": wrong.pk, "stored": "red", "ruled": "green"}]
    old = compare_lights(now=BEGIN + timedelta(days=91))
    assert LightCheck.objects.count() == len(old) == 1  # the older one went


def test_the_comparison_runs_at_night(settings: Any) -> None:
    schedule = settings.CELERY_BEAT_SCHEDULE["check-lights"]["schedule"]
    assert isinstance(schedule, crontab)
    hours, minutes = vars(schedule)["hour"], vars(schedule)["minute"]
    assert hours <= {0, 1, 2, 3, 4, 5}
    assert len(hours) == len(minutes) == 1
    assert settings.CELERY_TIMEZONE == "Asia/Ho_Chi_Minh"


def test_what_turned_while_the_comparison_ran_is_no_difference() -> None:
    _right, wrong = wrong_one()
    turned = make_task(campaign=wrong.campaign)
    Task.objects.filter(pk=wrong.pk).update(next_change_at=None)
    assert sweep_lights(now=DEADLINE)
    turned.refresh_from_db()
    assert turned.light == "red"
    (check,) = compare_lights(now=BEGIN)
    assert [one["task"] for one in check.differences] == [wrong.pk]


def test_the_comparison_sees_a_wrong_moment_too() -> None:
    task = make_task()
    Task.objects.filter(pk=task.pk).update(next_change_at=DEADLINE + timedelta(days=9))
    (check,) = compare_lights(now=BEGIN)
    assert check.differences == [{"task": task.pk, "stored": "green", "ruled": "green"}]


def test_nothing_differs_after_what_happens_to_tasks() -> None:
    campaign = make_campaign()
    some = [make_task(campaign=campaign) for _ in range(4)]
    report_progress(actor=owner_of(some[0]), task=some[0], percent=60, now=BEGIN)
    judge(
        actor=head_of(some[1]),
        task=some[1],
        light="red",
        reason="vì",
        expires_on=(BEGIN + timedelta(days=5)).date(),
        now=BEGIN,
    )
    office = office_of(some[0])
    set_policy(
        actor=office, campaign=campaign, policy=Policy(5, 10), reason="Thử", now=BEGIN + THREE_DAYS
    )
    for day in (4, 8, 12, 16):
        at = BEGIN + timedelta(days=day)
        sweep_lights(now=at)
        assert compare_lights(now=at)[0].differences == []


def test_the_office_looks_at_the_last_comparison_and_mends() -> None:
    wrong = due_in(timedelta(days=2), now=timezone.now())
    Task.objects.filter(pk=wrong.pk).update(light="red")
    office = office_of(wrong)
    client = client_of(office)
    page = reverse("campaign:light_checks")
    assert "Chưa đối chiếu lần nào" in client.get(page).content.decode()
    assert client.post(reverse("campaign:light_compare")).status_code == 302
    shown = client.get(page).content.decode()
    assert wrong.code in shown
    before = wrong.transitions.count()
    assert client.post(reverse("campaign:light_mend")).status_code == 302
    wrong.refresh_from_db()
    assert wrong.transitions.count() == before + 1
    assert LightCheck.objects.order_by("-at", "-pk")[0].differences == []
    assert AuditEvent.objects.filter(action="light.mended", actor_id=office.pk).count() == 1


def test_others_find_no_page_of_comparisons() -> None:
    task = make_task()
    for user in (owner_of(task), head_of(task)):
        client = client_of(user)
        assert client.get(reverse("campaign:light_checks")).status_code == 404
        assert client.post(reverse("campaign:light_mend")).status_code == 404
    assert not LightCheck.objects.exists()


def test_an_office_elsewhere_mends_nothing_here() -> None:
    _right, wrong = wrong_one()
    other = office_of(make_task())
    with pytest.raises(RefusedError):
        mend_lights(actor=other, campaign=wrong.campaign, now=BEGIN)
    wrong.refresh_from_db()
    assert wrong.light == "red"
    assert not LightCheck.objects.exists()


def test_the_page_costs_the_same_with_more_differences(
    django_assert_max_num_queries: Any,
) -> None:
    campaign = make_campaign()
    some = [make_task(campaign=campaign) for _ in range(6)]
    Task.objects.filter(pk=some[0].pk).update(light="red")
    client: Client = client_of(office_of(some[0]))
    client.post(reverse("campaign:light_compare"))
    client.get(reverse("campaign:light_checks"))
    with django_assert_max_num_queries(16):
        client.get(reverse("campaign:light_checks"))
    Task.objects.update(light="red")
    client.post(reverse("campaign:light_compare"))
    with django_assert_max_num_queries(16):
        client.get(reverse("campaign:light_checks"))
