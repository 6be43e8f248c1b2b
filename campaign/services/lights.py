"""The stored light of tasks: kept true at every write, and by a sweep when only time passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from simple_history.utils import bulk_update_with_history

from campaign import reasons
from campaign.facts import facts_of, newest_policies
from campaign.models import LightTransition, Task
from campaign.rules import DONE, Policy, TaskFacts, Verdict, presses_at, task_light
from security import audit
from security.history import sign
from security.models import User

BATCH = 1000
CACHE_FIELDS = ["light", "next_change_at", "inputs_hash", "late_days", "presses_at"]
# What a sweep reads of a task: its long texts stay in the database.
SWEPT = ("campaign_id", "code", "state", "start", "deadline", "light", "next_change_at")
# What time alone can change of the cache; no task becomes done by it.
STORED = ("light", "next_change_at", "presses_at")
# One statement for a whole batch: the ORM's CASE for each column took four times as long. The
# cache columns have no history, so this write passes none by.
_STORE = """
UPDATE campaign_task t
SET light = v.light, next_change_at = v.next_change_at, presses_at = v.presses_at
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS v (id, light, next_change_at, presses_at)
WHERE t.id = v.id
"""


def catch_up(tasks: Iterable[Task], *, now: datetime) -> int:
    """Let locked, active tasks pass through every change of light that time alone brought.

    A sweep that comes two days late writes yellow on the day it became yellow and red on the day
    it became red. Returns the number of transitions written.
    """
    due = [t for t in tasks if t.state == Task.State.ACTIVE and _is_due(t, now)]
    if not due:
        return 0
    known = facts_of(due, now)
    policies = newest_policies(task.campaign_id for task in due)
    lasts = _lasts(due)
    written: list[LightTransition] = []
    for task in due:
        facts, policy = known[task.pk], policies[task.campaign_id]
        while _is_due(task, now):
            at = _not_before(lasts, task, task.next_change_at or now)
            verdict = task_light(facts, policy, at)
            written += _step(task, verdict, lasts, effective_at=at, now=now)
            task.next_change_at = verdict.next_change_at
    _store(due)
    LightTransition.objects.bulk_create(written)
    if written:
        turned = sorted({one.task_id for one in written})
        audit.record("task.light_turned", actor=None, object_type="campaign.task", ids=turned)
    return len(written)


def begin(tasks: list[Task], *, actor: User | None, now: datetime) -> None:
    """Give locked drafts that become active their first light; state and light in one write."""
    known = facts_of(tasks, now)
    policies = newest_policies(task.campaign_id for task in tasks)
    lasts = _lasts(tasks)
    written: list[LightTransition] = []
    for task in tasks:
        facts, policy = known[task.pk], policies[task.campaign_id]
        verdict = task_light(facts, policy, now)
        task.state, task.light = Task.State.ACTIVE, ""
        task.original_deadline = task.original_deadline or task.deadline
        written += _step(task, verdict, lasts, effective_at=now, now=now)
        task.next_change_at = verdict.next_change_at
        task.inputs_hash = inputs_hash(facts, policy)
    fields = [*CACHE_FIELDS, "state", "original_deadline"]
    signed = [sign(task, actor=actor, now=now) for task in tasks]
    bulk_update_with_history(signed, Task, fields, default_date=now)
    LightTransition.objects.bulk_create(written)


def leave_board(task: Task, *, now: datetime) -> None:
    """Take a locked task's light away; the transition to "" keeps the past board as it was."""
    lasts = _lasts([task])
    at = _not_before(lasts, task, now)
    LightTransition.objects.create(
        task=task,
        number=lasts[task.pk].number + 1 if task.pk in lasts else 1,
        from_light=task.light,
        to_light="",
        reasons=[],
        effective_at=at,
        detected_at=at,
    )
    task.light, task.next_change_at, task.inputs_hash = "", None, ""
    task.presses_at = None


def settle(task: Task, *, now: datetime) -> Verdict | None:
    """Recompute a locked task after a new fact; the change, if any, takes effect now.

    Now is never before the task's last change: whoever held the row before may have had a later
    clock, and the past board reads the changes in the order of their times.
    """
    if task.state not in {Task.State.ACTIVE, Task.State.DONE}:
        return None
    lasts = _lasts([task])
    now = _not_before(lasts, task, now)
    facts = facts_of([task], now)[task.pk]
    policy = newest_policies([task.campaign_id])[task.campaign_id]
    verdict = task_light(facts, policy, now)
    changes = _step(task, verdict, lasts, effective_at=now, now=now)
    task.next_change_at = verdict.next_change_at
    task.inputs_hash = inputs_hash(facts, policy)
    task.late_days = verdict.late_days
    if verdict.light == DONE and task.state == Task.State.ACTIVE:
        task.state, task.done_at = Task.State.DONE, now
        task.save(update_fields=[*CACHE_FIELDS, "state", "done_at"])
    else:
        # The cache columns have no history: nothing for people to read changed.
        Task.objects.filter(pk=task.pk).update(**{f: getattr(task, f) for f in CACHE_FIELDS})
    LightTransition.objects.bulk_create(changes)
    return verdict


def sweep_lights(*, now: datetime) -> int:
    """Recompute every task whose light may have changed by now; returns the transitions written.

    Rows that another sweep or a service holds are left to it (SKIP LOCKED); each batch is a
    transaction of its own, so a crash loses nothing that was finished.
    """
    written = 0
    while True:
        with transaction.atomic():
            batch = list(
                Task.objects.due_for_sweep(now)
                .select_for_update(skip_locked=True, of=("self",), no_key=True)
                .only(*SWEPT)
                .order_by("next_change_at")[:BATCH]
            )
            written += catch_up(batch, now=now)
        if len(batch) < BATCH:
            return written


def inputs_hash(facts: TaskFacts, policy: Policy) -> str:
    """Fingerprint of what a light was computed from."""
    return hashlib.blake2b(repr((facts, policy)).encode(), digest_size=16).hexdigest()


def _store(tasks: list[Task]) -> None:
    columns = [[getattr(t, name) for t in tasks] for name in ("pk", *STORED)]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, columns)


def _is_due(task: Task, now: datetime) -> bool:
    return task.next_change_at is not None and task.next_change_at <= now


class _Last(NamedTuple):
    """The newest transition of a task."""

    number: int
    at: datetime


def _lasts(tasks: list[Task]) -> dict[int, _Last]:
    rows = LightTransition.objects.filter(task__in=tasks).order_by().values("task_id")
    found = rows.annotate(n=Max("number"), at=Max("effective_at"))
    return {pk: _Last(n, at) for pk, n, at in found.values_list("task_id", "n", "at")}


def _not_before(lasts: dict[int, _Last], task: Task, at: datetime) -> datetime:
    """``at``, or the time of the task's last change if that is later."""
    last = lasts.get(task.pk)
    return max(at, last.at) if last else at


def _step(
    task: Task, verdict: Verdict, lasts: dict[int, _Last], *, effective_at: datetime, now: datetime
) -> list[LightTransition]:
    """Set the task's light; the transition to write, if it changes."""
    before, task.light = task.light, verdict.light
    task.presses_at = presses_at(verdict)
    if before == verdict.light:
        return []
    number = lasts[task.pk].number + 1 if task.pk in lasts else 1
    lasts[task.pk] = _Last(number, effective_at)
    return [
        LightTransition(
            task=task,
            number=number,
            from_light=before,
            to_light=verdict.light,
            reasons=[reasons.to_json(reason) for reason in verdict.reasons],
            effective_at=effective_at,
            detected_at=max(now, effective_at),
        )
    ]


SWEEP_LATE_AFTER = timedelta(minutes=5)
