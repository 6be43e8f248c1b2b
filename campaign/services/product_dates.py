"""Moving the date of one product: a leader decides, the original stays."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from campaign.models import Product, ProductRevision, Task
from campaign.rules import end_of
from campaign.services.access import locked, may_decide, not_allowed, refuse
from campaign.services.deadlines import APPROVE
from security import audit
from security.history import sign
from security.models import User
from security.services import Problem, RefusedError


def revise_product_deadline(
    *, actor: User, product: Product, deadline: datetime, reason: str, now: datetime
) -> ProductRevision:
    """Move the date of one product of a running task; its light follows at once.

    A product that shared its task's date has one of its own from now on. Raises RefusedError:
    not_allowed, closed, not_active, accepted, reason, same_deadline, deadline_past, before_start,
    after_task.
    """
    if not may_decide(actor, APPROVE, product.task, now):
        raise not_allowed()
    with locked(product.task, actor=actor, now=now) as row:
        kept = row.products.select_for_update(of=("self",)).get(pk=product.pk)
        old = kept.deadline or row.deadline
        if row.state != Task.State.ACTIVE or old is None:
            raise refuse("not_active", _("Only a running task can be changed."))
        if problems := _problems(row, kept, deadline, reason.strip(), now):
            raise RefusedError(*problems)
        revision = ProductRevision.objects.create(
            product=kept,
            old=old,
            new=deadline,
            reason=reason.strip(),
            approved_by=actor,
            at=now,
        )
        kept.deadline = deadline
        sign(kept, actor=actor, now=now, reason=reason).save(update_fields=["deadline"])
        audit.record(
            "task.product_deadline_revised", actor=actor, row=row, reason=f"product {kept.pk}"
        )
    return revision


def _problems(
    task: Task, product: Product, deadline: datetime, reason: str, now: datetime
) -> list[Problem]:
    graded = product.submissions.filter(acceptance__grade="A")
    found = [
        ("accepted", graded.exists(), _("The product is accepted: its date stays.")),
        ("reason", not reason, _("Moving a deadline needs a reason.")),
        (
            "same_deadline",
            deadline == (product.deadline or task.deadline),
            _("The product has this deadline already."),
        ),
        ("deadline_past", deadline <= now, _("The deadline lies in the past.")),
        (
            "before_start",
            task.start is not None and deadline < end_of(task.start, before=False),
            _("The deadline lies before the start."),
        ),
        (
            "after_task",
            task.deadline is not None and deadline > task.deadline,
            _("The task itself ends earlier: move its deadline first."),
        ),
    ]
    return [Problem(code, message) for code, wrong, message in found if wrong]
