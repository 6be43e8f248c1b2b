"""Thresholds of the lights: looked at before they are set, in force from an instant on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.facts import facts_of, policy_at
from campaign.models import Campaign, LightPolicy, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import MICROSECOND, Policy, task_light
from campaign.services.access import check_open
from campaign.services.agreeing import MANAGE
from campaign.services.lights import BATCH, sweep_lights
from security import audit
from security.models import User
from security.services import Problem, RefusedError, check_action

WARNING_AT_MOST = 30
BEHIND_AT_MOST = 100
OPEN = (Task.State.DRAFT, Task.State.ACTIVE)


@dataclass(frozen=True)
class Turn:
    """A task whose light would change."""

    task: Task
    before: str
    after: str


@dataclass(frozen=True)
class PolicyPreview:
    """What other thresholds would do now: counts by (from, to) and the first tasks of them."""

    policy: Policy
    looked_at: int
    counts: dict[tuple[str, str], int]
    turns: list[Turn]


def preview_policy(
    *, user: User, campaign: Campaign, policy: Policy, now: datetime, shown: int = 50
) -> PolicyPreview:
    """The running tasks this user sees, under these thresholds instead of those in force."""
    counts: Counter[tuple[str, str]] = Counter()
    turns: list[Turn] = []
    looked_at = 0
    running = Task.objects.visible_to(user).active().filter(campaign=campaign)
    for tasks in _batches(running):
        known = facts_of(tasks, now)
        looked_at += len(tasks)
        for task in tasks:
            after = task_light(known[task.pk], policy, now).light
            if after != task.light:
                counts[task.light, after] += 1
                turns.append(Turn(task, task.light, after))
    return PolicyPreview(policy, looked_at, dict(counts), turns[:shown])


def set_policy(
    *, actor: User, campaign: Campaign, policy: Policy, reason: str, now: datetime
) -> LightPolicy:
    """Put thresholds in force from now on; lights change now, yesterday's board does not.

    Raises RefusedError: not_allowed, closed, reason, warning_days, behind_points, same.
    """
    check_action(actor, MANAGE, campaign.unit)
    check_open(campaign)
    problems = [
        Problem(code, message)
        for code, wrong, message in (
            ("reason", not reason.strip(), _("Say why.")),
            (
                "warning_days",
                not 0 <= policy.warning_days <= WARNING_AT_MOST,
                _("The warning begins 0 to 30 days before the deadline."),
            ),
            (
                "behind_points",
                not 1 <= policy.behind_points <= BEHIND_AT_MOST,
                _("Progress may lie 1 to 100 points behind."),
            ),
            ("same", policy == policy_at(campaign.pk, now), _("These are in force already.")),
        )
        if wrong
    ]
    if problems:
        raise RefusedError(*problems)
    sweep_lights(now=now)  # what the old thresholds still had to say
    with transaction.atomic():
        _hold(campaign)
        now = _after_last(campaign, now)
        row = LightPolicy.objects.create(
            campaign=campaign,
            valid_from=now,
            warning_days=policy.warning_days,
            behind_points=policy.behind_points,
            set_by=actor,
            reason=reason.strip()[:300],
        )
        # The cache has no history: every running task is looked at anew from this instant.
        Task.objects.active().filter(campaign=campaign).update(next_change_at=now)
        audit.record(
            "policy.set",
            actor=actor,
            object_type="campaign.campaign",
            object_id=campaign.pk,
            fields=["warning_days", "behind_points"],
        )
    sweep_lights(now=now)
    return row


def _hold(campaign: Campaign) -> None:
    """Wait for whoever writes on a task now, and let later writers find the new thresholds.

    Drafts, too: one that is being put on the board is lit by the old ones until it is there.
    """
    Campaign.objects.select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)
    open_ones = Task.objects.filter(campaign=campaign, state__in=OPEN).order_by("pk")
    list(open_ones.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _after_last(campaign: Campaign, now: datetime) -> datetime:
    """Thresholds set later are in force later, whatever the clock of the one before said."""
    last = LightPolicy.objects.filter(campaign=campaign).order_by("-valid_from").first()
    return max(now, last.valid_from + MICROSECOND) if last else now


def _batches(rows: TaskQuerySet) -> Iterator[list[Task]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
