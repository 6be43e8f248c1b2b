"""Agreeing on tasks: completing drafts, activating, moving deadlines, judging."""

from __future__ import annotations

from collections.abc import Sized
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import DeadlineRevision, Judgement, Light, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import end_of
from campaign.services.access import (
    check_open,
    locked,
    may_decide,
    not_allowed,
    refuse,
)
from campaign.services.granting import sync_grants
from campaign.services.leading import put_in_lead
from campaign.services.lights import begin
from campaign.services.owed import check_version
from security import audit
from security.history import sign
from security.models import Unit, User
from security.services import Problem, RefusedError, check_action

JUDGEMENT_AT_MOST = timedelta(days=31)


# Which of the six clear things each lack belongs to. The lead unit is the one focal point (đầu mối)
# and so belongs to the person; what it answers for is the responsibility.
CLEAR_OF = {
    "title": "work",
    "lead": "person",
    "collective_lead": "person",
    "dissolved_lead": "person",
    "owner": "person",
    "owner_left": "person",
    "responsibility": "responsibility",
    "process": "process",
    "start": "time",
    "deadline": "time",
    "product": "product",
}


def lacking_codes(task: Task, products: Sized) -> list[str]:
    """What a task with these products lacks: keys of CLEAR_OF. The same conditions stand in SQL in
    ``selectors.six_clear.LACKING``.
    """
    owner, unit = task.owner, task.unit
    found = {
        "title": not task.title,
        "lead": not task.lead_named,
        "collective_lead": task.lead_named and unit.collective,
        "dissolved_lead": unit.dissolved_on is not None,
        "owner": owner is None,
        "owner_left": owner is not None and not owner.is_active,
        "responsibility": not task.responsibility,
        "process": not task.process,
        "start": task.start is None,
        "deadline": task.deadline is None,
        "product": not len(products),
    }
    return [code for code, lacking in found.items() if lacking]


def missing_parts(task: Task) -> list[Problem]:
    """What a draft still lacks of the six clear things; empty when it can be activated."""
    words = {
        "title": _("The task has no title (việc)."),
        "lead": _("No lead unit is named."),
        "collective_lead": _("A collective of units cannot be the one lead."),
        "dissolved_lead": _("The lead unit is dissolved."),
        "owner": _("No owner is named (người)."),
        "owner_left": _("The owner's account is closed: name somebody else (người)."),
        "responsibility": _("The responsibility is not stated."),
        "process": _("The process is not stated (quy trình)."),
        "start": _("There is no start date."),
        "deadline": _("There is no deadline (thời gian)."),
        "product": _("There is no product (sản phẩm)."),
    }
    return [Problem(code, words[code]) for code in lacking_codes(task, task.products.all())]


@transaction.atomic
def activate_task(*, actor: User | None, task: Task, now: datetime) -> Task:
    """Put a complete draft on the board, with its first light and its grants.

    ``actor=None`` is the installation itself. Raises RefusedError that lists all that is missing.
    """
    if actor is not None:
        check_action(actor, "campaign.manage", task)
    row: Task = _drafts().get(pk=task.pk)
    check_open(row.campaign)
    if row.state != Task.State.DRAFT:
        raise refuse("not_a_draft", _("Only a draft can be activated."))
    problems = missing_parts(row)
    if problems:
        raise RefusedError(*problems)
    _put_on_board([row], actor=actor, now=now)
    return row


@transaction.atomic
def activate_complete(
    *, actor: User | None, tasks: list[Task], now: datetime
) -> tuple[list[Task], dict[str, list[str]]]:
    """Activate every complete draft among these; the others by code with what they lack."""
    rows = list(
        _drafts().drafts().filter(pk__in=[t.pk for t in tasks]).prefetch_related("products")
    )
    missing = {row.pk: [problem.code for problem in missing_parts(row)] for row in rows}
    ready = [row for row in rows if not missing[row.pk]]
    if ready:
        _put_on_board(ready, actor=actor, now=now)
    return ready, {row.code: missing[row.pk] for row in rows if missing[row.pk]}


def _drafts() -> TaskQuerySet:
    rows: TaskQuerySet = Task.objects.select_for_update(of=("self",))
    return rows.select_related("unit", "owner", "block")


def _put_on_board(tasks: list[Task], *, actor: User | None, now: datetime) -> None:
    begin(tasks, actor=actor, now=now)
    sync_grants(tasks, actor=actor, now=now)
    for task in tasks:
        audit.record("task.activated", actor=actor, row=task)


COMPLETABLE = {"owner", "responsibility", "process", "start", "deadline", "unit", "title"}


@transaction.atomic
def complete_draft(
    *, actor: User, task: Task, version: int | None = None, now: datetime, **parts: Any
) -> Task:
    """Fill in parts of a draft (COMPLETABLE); naming a unit names the lead.

    version: of the draft as its editor saw it; refused as changed_meanwhile if it is another now.
    The row is checked in its old and in its new place, so that nobody pushes work out of his own
    reach.
    """
    check_action(actor, "campaign.manage", task)
    task = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    check_open(task.campaign)
    check_version(task, version)
    if task.state != Task.State.DRAFT:
        raise refuse("not_a_draft", _("Only a draft can be completed."))
    unit: Unit | None = parts.pop("unit", None)
    if unit is not None:
        check_action(actor, "campaign.manage", unit)
        put_in_lead(task, unit)
        check_action(actor, "campaign.manage", task)  # at its level, too
    owner: User | None = parts.get("owner")
    if owner is not None and owner.pk != task.owner_id:
        check_action(actor, "campaign.manage", owner.unit)
    for name in COMPLETABLE & parts.keys():
        setattr(task, name, parts[name])
    task.version += 1
    sign(task, actor=actor, now=now).save()
    audit.record("task.completed", actor=actor, row=task, fields=sorted(parts))
    return task


def revise_deadline(
    *, actor: User, task: Task, deadline: datetime, reason: str, now: datetime
) -> DeadlineRevision:
    """Move the deadline of a running task; the original stays visible for ever.

    Products that share the task's deadline follow; those with one of their own stay. Raises
    RefusedError: not_allowed, closed, reason, not_active, same_deadline, deadline_past, before_start.
    """
    if not may_decide(actor, "campaign.approve_deadline", task, now):
        raise not_allowed()
    if not reason.strip():
        raise refuse("reason", _("Moving a deadline needs a reason."))
    with locked(task, actor=actor, now=now) as row:
        if row.state != Task.State.ACTIVE or row.deadline is None or row.start is None:
            raise refuse("not_active", _("Only a running task can be changed."))
        if deadline == row.deadline:
            raise refuse("same_deadline", _("The task has this deadline already."))
        if deadline <= now:
            raise refuse("deadline_past", _("The deadline lies in the past."))
        if deadline < end_of(row.start, before=False):
            raise refuse("before_start", _("The deadline lies before the start."))
        revision = DeadlineRevision.objects.create(
            task=row,
            old=row.deadline,
            new=deadline,
            reason=reason.strip(),
            approved_by=actor,
            at=now,
        )
        row.deadline = deadline
        sign(row, actor=actor, now=now, reason=reason).save(update_fields=["deadline"])
        audit.record("task.deadline_revised", actor=actor, row=row, fields=["deadline"])
    return revision


@transaction.atomic
def judge(
    *, actor: User, task: Task, light: str, reason: str, expires_on: date, now: datetime
) -> Judgement:
    """See a task otherwise than computed, with a reason, until the end of a day.

    The computed light stays and is shown beside it; a later judgement replaces an earlier one.
    """
    if not may_decide(actor, "campaign.judge", task, now):
        raise not_allowed()
    expires_at = end_of(expires_on, before=False)
    problems = [
        Problem(code, message)
        for code, wrong, message in (
            ("light", light not in {Light.RED, Light.YELLOW, Light.GREEN}, _("Choose a colour.")),
            ("reason", not reason.strip(), _("A judgement needs a reason.")),
            ("expiry", expires_at <= now, _("The expiry lies in the past.")),
            (
                "expiry_far",
                expires_at > now + JUDGEMENT_AT_MOST,
                _("A judgement lasts a month at most."),
            ),
        )
        if wrong
    ]
    if problems:
        raise RefusedError(*problems)
    row = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    check_open(row.campaign)
    if row.state != Task.State.ACTIVE:
        raise refuse("not_active", _("Only a running task can be changed."))
    judgement = Judgement.objects.create(
        task=row, light=light, reason=reason.strip(), by=actor, at=now, expires_at=expires_at
    )
    audit.record("task.judged", actor=actor, row=row, reason=light)
    return judgement


__all__ = [
    "CLEAR_OF",
    "activate_complete",
    "activate_task",
    "complete_draft",
    "judge",
    "lacking_codes",
    "missing_parts",
    "revise_deadline",
]
