"""The stored lights against the rule: what is shown must be what the facts say."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from campaign.facts import facts_of, newest_policies
from campaign.models import Campaign, LightCheck, LightTransition, Task
from campaign.rules import Policy, TaskFacts, task_light
from campaign.services.access import check_open
from campaign.services.agreeing import MANAGE
from campaign.services.clock import database_now
from campaign.services.lights import catch_up
from security import audit
from security.models import User
from security.services import check_action

BATCH = 1000
KEPT = timedelta(days=90)
# What a comparison reads of a task: its long texts stay in the database.
READ = ("campaign_id", "state", "start", "deadline", "light", "next_change_at")


def compare_lights(*, now: datetime) -> list[LightCheck]:
    """Compare every open campaign and keep the result; comparisons older than KEPT go."""
    LightCheck.objects.filter(at__lt=now - KEPT).delete()
    return [
        compare_campaign(campaign, now=now)
        for campaign in Campaign.objects.filter(closed_at=None).order_by("pk")
    ]


def compare_now(*, actor: User, campaign: Campaign, now: datetime) -> LightCheck:
    """The nightly comparison, at once because somebody asks. Raises RefusedError: not_allowed."""
    check_action(actor, MANAGE, campaign.unit)
    return compare_campaign(campaign, now=now)


def compare_campaign(campaign: Campaign, *, now: datetime) -> LightCheck:
    """Running tasks that no change waits for: the light they show and the light of the rule.

    What changed after ``now``, while the comparison ran, shows a later light and is no difference.
    """
    begun = database_now()
    looked_at = 0
    differences: list[dict[str, Any]] = []
    policy = newest_policies([campaign.pk])[campaign.pk]
    settled = Task.objects.active().filter(campaign=campaign)
    settled = settled.filter(Q(next_change_at=None) | Q(next_change_at__gt=now))
    last = 0
    while tasks := list(settled.filter(pk__gt=last).order_by("pk").only(*READ)[:BATCH]):
        last = tasks[-1].pk
        looked_at += len(tasks)
        known = facts_of(tasks, now)
        doubtful = [t.pk for t in tasks if _difference(t, known[t.pk], policy, now)]
        if doubtful:
            differences += _confirmed(campaign, doubtful, now=now, begun=begun)
    return _kept(campaign, now, looked_at, differences)


@transaction.atomic
def _confirmed(
    campaign: Campaign, doubtful: list[int], *, now: datetime, begun: datetime
) -> list[dict[str, Any]]:
    """Those of a first look that differ still while their rows are held; none changed since now."""
    rows = Task.objects.active().filter(pk__in=doubtful).order_by("pk").only(*READ)
    tasks = list(rows.select_for_update(of=("self",), no_key=True))
    until = now + (database_now() - begun)
    turned = LightTransition.objects.filter(task__in=tasks, detected_at__gt=now)
    changed = set(turned.values_list("task_id", flat=True))
    changed |= {t.pk for t in tasks if t.next_change_at is not None and t.next_change_at <= until}
    known, policy = facts_of(tasks, now), newest_policies([campaign.pk])[campaign.pk]
    found = [_difference(t, known[t.pk], policy, now) for t in tasks if t.pk not in changed]
    return [one for one in found if one is not None]


def _difference(
    task: Task, facts: TaskFacts, policy: Policy, now: datetime
) -> dict[str, Any] | None:
    """Another light than the rule's, or another moment at which it turns by itself."""
    verdict = task_light(facts, policy, now)
    if (verdict.light, verdict.next_change_at) == (task.light, task.next_change_at):
        return None
    return {"task": task.pk, "stored": task.light, "ruled": verdict.light}


@transaction.atomic
def _kept(
    campaign: Campaign, now: datetime, looked_at: int, differences: list[dict[str, Any]]
) -> LightCheck:
    row = LightCheck.objects.create(
        campaign=campaign,
        at=now,
        finished_at=max(now, database_now()),
        looked_at=looked_at,
        differences=differences,
    )
    audit.record(
        "light.compared",
        actor=None,
        object_type="campaign.campaign",
        object_id=campaign.pk,
        reason=f"{len(differences)} of {looked_at}",
    )
    return row


def mend_lights(*, actor: User, campaign: Campaign, now: datetime) -> LightCheck:
    """Work every differing light out anew, each change with its transition, and compare again.

    Raises RefusedError: not_allowed, closed.
    """
    check_action(actor, MANAGE, campaign.unit)
    check_open(campaign)
    found = compare_campaign(campaign, now=now)
    wrong = [one["task"] for one in found.differences]
    if not wrong:
        return found
    with transaction.atomic():
        rows = Task.objects.active().filter(pk__in=wrong).order_by("pk")
        tasks = list(rows.select_for_update(of=("self",)))
        for task in tasks:
            task.next_change_at = now  # due: the ordinary way of a change, with its transition
        catch_up(tasks, now=now)
        audit.record("light.mended", actor=actor, object_type="campaign.task", ids=wrong)
    return compare_campaign(campaign, now=max(database_now(), now + timedelta(microseconds=1)))
