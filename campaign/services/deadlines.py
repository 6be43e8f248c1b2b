"""Asking for another deadline: the one who works asks, a leader decides, the original stays."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import DeadlineRequest, Task
from campaign.rules import end_of, last_day
from campaign.services.access import check_open, may_decide, may_work, not_allowed, refuse
from campaign.services.tasks import revise_deadline
from security import audit
from security.models import User

APPROVE = "campaign.approve_deadline"
Decision = DeadlineRequest.Decision


@transaction.atomic
def request_deadline(
    *, actor: User, task: Task, deadline: datetime, reason: str, now: datetime
) -> DeadlineRequest:
    """Ask that a running task may end at ``deadline``; nothing moves until it is approved.

    Raises RefusedError: not_allowed, closed, reason, not_active, same_deadline, deadline_past,
    before_start, already_asked.
    """
    if not may_work(actor, "campaign.report", task):
        raise not_allowed()
    row = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    check_open(row.campaign)
    if row.state != Task.State.ACTIVE or row.deadline is None or row.start is None:
        raise refuse("not_active", _("Only a running task can be changed."))
    for code, wrong, message in (
        ("reason", not reason.strip(), _("Moving a deadline needs a reason.")),
        ("same_deadline", deadline == row.deadline, _("The task has this deadline already.")),
        ("deadline_past", deadline <= now, _("The deadline lies in the past.")),
        (
            "before_start",
            deadline < end_of(row.start, before=False),
            _("The deadline lies before the start."),
        ),
        (
            "already_asked",
            row.deadline_requests.filter(decision=Decision.WAITING).exists(),
            _("A request for this task waits for its decision already."),
        ),
    ):
        if wrong:
            raise refuse(code, message)
    asked = DeadlineRequest.objects.create(
        task=row, old=row.deadline, new=deadline, reason=reason.strip(), by=actor, at=now
    )
    audit.record("deadline.requested", actor=actor, row=row, reason=f"request {asked.pk}")
    return asked


@transaction.atomic
def approve_deadline(*, actor: User, asked: DeadlineRequest, now: datetime) -> DeadlineRequest:
    """Yes: the deadline moves now, by a revision that says who asked and why.

    Not when it moved since it was asked: the yes would take that decision back. Raises
    RefusedError: not_allowed, own_request, closed, decided, deadline_past, overtaken, and those of
    ``revise_deadline``.
    """
    row = _waiting(asked)
    _check_decider(actor, row, now)
    if row.new <= now:
        raise refuse("deadline_past", _("The deadline asked for has passed meanwhile."))
    if row.task.deadline is not None and row.old != row.task.deadline:
        told = _("The deadline was moved after this was asked, to %(day)s: refuse this request.")
        raise refuse("overtaken", told % {"day": f"{last_day(row.task.deadline):%d/%m/%Y}"})
    revise_deadline(actor=actor, task=row.task, deadline=row.new, reason=row.reason, now=now)
    return _decide(row, Decision.APPROVED, actor=actor, now=now)


@transaction.atomic
def refuse_deadline(
    *, actor: User, asked: DeadlineRequest, reason: str, now: datetime
) -> DeadlineRequest:
    """No, with a reason."""
    row = _waiting(asked)
    _check_decider(actor, row, now)
    if not reason.strip():
        raise refuse("decision_reason", _("Say why."))
    row.decision_reason = reason.strip()
    return _decide(row, Decision.REFUSED, actor=actor, now=now)


@transaction.atomic
def withdraw_deadline(*, actor: User, asked: DeadlineRequest, now: datetime) -> DeadlineRequest:
    """Whoever asked takes it back."""
    row = _waiting(asked)
    if row.by_id != actor.pk:
        raise refuse("not_allowed", _("Only whoever asked can withdraw this."))
    return _decide(row, Decision.WITHDRAWN, actor=actor, now=now)


def _waiting(asked: DeadlineRequest) -> DeadlineRequest:
    # The task first, as everywhere: two people deciding and reporting at once never deadlock.
    Task.objects.select_for_update(of=("self",)).get(pk=asked.task_id)
    row = DeadlineRequest.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    check_open(row.task.campaign)
    if row.decision != Decision.WAITING:
        raise refuse("decided", _("This request is decided already."))
    return row


def _check_decider(actor: User, row: DeadlineRequest, now: datetime) -> None:
    if not may_decide(actor, APPROVE, row.task, now):
        raise not_allowed()
    if actor.pk == row.by_id:
        raise refuse("own_request", _("Somebody else must decide one's own request."))


def _decide(row: DeadlineRequest, decision: str, *, actor: User, now: datetime) -> DeadlineRequest:
    row.decision, row.decided_by, row.decided_at = decision, actor, now
    row.save()
    audit.record(f"deadline.{decision}", actor=actor, row=row.task, reason=f"request {row.pk}")
    return row
