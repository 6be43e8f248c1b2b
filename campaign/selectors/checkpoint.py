"""What the next briefing will ask: products due by then, the week's tasks, what is off track."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaign.models import Acceptance, Briefing, Phase, Product, Submission
from campaign.models.tasks import TaskQuerySet
from campaign.rules import end_of
from campaign.selectors.filters import TaskFilter
from campaign.selectors.past import product_deadline_at
from campaign.selectors.structure import Structure
from security.models import User


@dataclass(frozen=True)
class Asked:
    """Products due by the end of the checkpoint's day that were not accepted as of the board.

    ``waiting`` of them are handed in and ungraded, ``open`` are not handed in at all; the rest
    are in remedy. ``overdue``: those whose time was over before the board's instant.
    """

    total: int
    waiting: int
    open: int
    overdue: int


def week_of(frame: Structure, briefing: Briefing) -> Phase | None:
    return frame.phase_on(briefing.day)


def asked_products(
    user: User, frame: Structure, base: TaskFilter, *, by: date, at: datetime
) -> QuerySet[Product]:
    """Products of visible tasks, due by the end of that day and not accepted at ``at``.

    ``due``: the date that binds, as it was at that instant. ``is_waiting``: handed in, no grade
    yet. ``is_open``: never handed in.
    """
    tasks: TaskQuerySet = base.apply(user, frame.campaign)
    sent = Submission.objects.filter(product=OuterRef("pk"), at__lte=at)
    graded = Q(acceptance__at__lte=at)
    accepted = Acceptance.objects.filter(submission__product=OuterRef("pk"), grade="A", at__lte=at)
    return (
        Product.objects.filter(task__in=tasks.order_by().values("pk"))
        .exclude(Exists(accepted))
        .annotate(due=product_deadline_at(base.at))
        .annotate(is_open=~Exists(sent), is_waiting=Exists(sent.exclude(graded)))
        .filter(due__lte=end_of(by, before=False))
    )


def asked(user: User, frame: Structure, base: TaskFilter, *, by: date, at: datetime) -> Asked:
    """Their numbers. One query."""
    rows: Any = asked_products(user, frame, base, by=by, at=at).order_by()
    found = list(rows.values_list("is_open", "is_waiting", "due"))
    return Asked(
        total=len(found),
        waiting=sum(waiting for _open, waiting, _due in found),
        open=sum(is_open for is_open, _waiting, _due in found),
        overdue=sum(due <= at for _open, _waiting, due in found),
    )
