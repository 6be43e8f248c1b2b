"""Thresholds set with a preview; weeks frozen; campaigns closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from campaign.facts import policy_at
from campaign.models import Campaign, LightTransition, Task, WeeklySnapshot
from campaign.rules import Policy, end_of
from campaign.selectors import board_for
from campaign.services import (
    close_campaign,
    compare_lights,
    preview_policy,
    reopen_campaign,
    report_progress,
    set_policy,
    sweep_lights,
    take_snapshots,
)
from security.models import AuditEvent, User
from tests.campaign.make import BEGIN, DEADLINE, NOON, make_campaign, make_task, owner_of
from tests.campaign.test_services import refused
from tests.security.make import grant_role, make_user

pytestmark = pytest.mark.django_db
EARLY = DEADLINE - timedelta(days=5)


def manager_of(campaign: Campaign) -> User:
    user = make_user(unit=campaign.unit)
    grant_role(user, "office", campaign.unit)
    return user


def _on_time(task: Task, now: datetime) -> None:
    """Progress that no straight line finds behind."""
    report_progress(actor=owner_of(task), task=task, percent=95, now=now)


def test_a_preview_says_what_would_turn_and_changes_nothing() -> None:
    task = make_task()
    _on_time(task, EARLY)
    manager = manager_of(task.campaign)
    sweep_lights(now=EARLY)
    seen = preview_policy(user=manager, campaign=task.campaign, policy=Policy(7, 20), now=EARLY)
    assert (seen.looked_at, seen.counts) == (1, {("green", "yellow"): 1})
    assert [(turn.task, turn.before, turn.after) for turn in seen.turns] == [
        (task, "green", "yellow")
    ]
    assert Task.objects.get(pk=task.pk).light == "green"
    assert policy_at(task.campaign_id, EARLY) == Policy()


def test_thresholds_turn_lights_from_now_on_and_leave_the_past() -> None:
    task = make_task()
    _on_time(task, EARLY - timedelta(hours=1))
    manager = manager_of(task.campaign)
    set_policy(
        actor=manager, campaign=task.campaign, policy=Policy(7, 20), reason="Chặt hơn", now=EARLY
    )
    row = Task.objects.get(pk=task.pk)
    assert row.light == "yellow"
    last = LightTransition.objects.filter(task=task).latest("number")
    assert (last.to_light, last.effective_at) == ("yellow", EARLY)
    past = board_for(manager, EARLY - timedelta(minutes=1), now=EARLY + timedelta(minutes=1))
    assert past is not None
    assert {one.light: one.count for one in past.lights if one.count} == {"green": 1}
    assert compare_lights(now=EARLY)[0].differences == []
    assert AuditEvent.objects.filter(action="policy.set").count() == 1


def test_a_preview_and_what_comes_of_it_agree() -> None:
    campaign = make_campaign()
    tasks = [make_task(campaign=campaign, deadline=DEADLINE - timedelta(days=n)) for n in range(6)]
    for task in tasks:
        _on_time(task, EARLY)
    manager = manager_of(campaign)
    sweep_lights(now=EARLY)
    before = dict(Task.objects.values_list("pk", "light"))
    seen = preview_policy(user=manager, campaign=campaign, policy=Policy(1, 60), now=EARLY)
    set_policy(actor=manager, campaign=campaign, policy=Policy(1, 60), reason="x", now=EARLY)
    after = dict(Task.objects.values_list("pk", "light"))
    assert {t.task.pk: t.after for t in seen.turns} == {
        pk: light for pk, light in after.items() if light != before[pk]
    }
    assert sum(seen.counts.values()) == len(seen.turns) <= len(tasks)
    assert seen.turns


@pytest.mark.parametrize(
    ("policy", "reason", "code"),
    [
        (Policy(3, 20), "x", "same"),
        (Policy(31, 20), "x", "warning_days"),
        (Policy(3, 0), "x", "behind_points"),
        (Policy(5, 20), " ", "reason"),
    ],
)
def test_odd_thresholds_are_refused(policy: Policy, reason: str, code: str) -> None:
    task = make_task()
    manager = manager_of(task.campaign)
    assert refused(
        lambda: set_policy(
            actor=manager, campaign=task.campaign, policy=policy, reason=reason, now=NOON
        )
    ) == {code}


def test_a_week_is_frozen_once_with_the_figures_of_its_end_however_late() -> None:
    task = make_task()
    campaign = task.campaign
    first = campaign.phases.get(no=1)
    end = end_of(first.end, before=False)
    assert take_snapshots(now=end - timedelta(seconds=1)) == []
    late = end + timedelta(days=3)
    taken = take_snapshots(now=late)
    assert [(one.phase, one.at, one.taken_at) for one in taken] == [(first, end, late)]
    figures = dict(taken[0].figures)
    board = board_for(manager_of(campaign), end, now=late)
    assert board is not None
    assert figures["lights"] == {one.light: one.count for one in board.lights}
    assert sum(figures["units"][task.unit.code].values()) == 1
    report_progress(actor=owner_of(task), task=task, percent=90, now=late)
    assert take_snapshots(now=late) == []
    assert WeeklySnapshot.objects.get().figures == figures


def test_no_week_has_two_snapshots() -> None:
    task = make_task()
    late = end_of(task.campaign.phases.get(no=1).end, before=False)
    taken = take_snapshots(now=late)[0]
    taken.pk = None
    with pytest.raises(IntegrityError, match="snapshot_week_once"), transaction.atomic():
        taken.save(force_insert=True)


def test_a_closed_campaign_stands_still_and_can_be_read() -> None:
    task = make_task()
    campaign, owner = task.campaign, owner_of(task)
    manager = manager_of(campaign)
    end = end_of(campaign.end, before=False) + timedelta(hours=9)
    assert refused(
        lambda: close_campaign(actor=manager, campaign=campaign, reason="x", now=NOON)
    ) == {"still_running"}
    sweep_lights(now=BEGIN)
    close_campaign(actor=manager, campaign=campaign, reason="Đã tổng kết", now=end)
    light = Task.objects.get(pk=task.pk).light
    assert sweep_lights(now=end + timedelta(days=30)) == 0
    assert Task.objects.get(pk=task.pk).light == light
    assert refused(lambda: report_progress(actor=owner, task=task, percent=5, now=end)) == {
        "closed"
    }
    assert Task.objects.visible_to(manager).count() == 1
    reopen_campaign(actor=manager, campaign=campaign, reason="Còn sót", now=end)
    report_progress(actor=owner, task=task, percent=5, now=end)


def test_a_campaign_can_be_closed_from_the_first_minute_after_its_last_day_in_ha_noi() -> None:
    campaign = make_campaign()
    manager, end = manager_of(campaign), end_of(campaign.end, before=False)
    early, late = end - timedelta(minutes=1), end + timedelta(minutes=30)
    assert refused(
        lambda: close_campaign(actor=manager, campaign=campaign, reason="x", now=early)
    ) == {"still_running"}
    assert late.astimezone(UTC).date() == campaign.end  # which is what the servers' day says
    close_campaign(actor=manager, campaign=campaign, reason="Đã tổng kết", now=late.astimezone(UTC))
    assert Campaign.objects.get(pk=campaign.pk).closed_at == late
