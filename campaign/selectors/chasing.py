"""Whom the standing office has to remind: silent, without a word on what blocks, nothing in hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from campaign.models import Light, LightTransition, Product, ProgressReport, Submission
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE, start_of
from campaign.selectors.filters import TaskFilter
from campaign.selectors.past import product_deadline_at
from campaign.selectors.structure import Structure
from security.models import User

REPORT, OBSTACLE, PRODUCT = "report", "obstacle", "product"
KINDS = (REPORT, OBSTACLE, PRODUCT)
WEEK = timedelta(days=7)
Kind = str


def week_began(frame: Structure, at: datetime) -> datetime:
    """The first instant of the plan's week; before and after the campaign, seven days ago."""
    phase = frame.phase_on(at.astimezone(ZONE).date())
    return start_of(phase.start) if phase else at - WEEK


def to_chase(user: User, frame: Structure, base: TaskFilter, *, at: datetime) -> TaskQuerySet:
    """Visible tasks on the board, each with what is missing: ``no_report``, ``no_obstacle``,
    ``no_product``, and ``last_report`` (an instant or None)."""
    reports = ProgressReport.objects.filter(task=OuterRef("pk"), at__lte=at)
    began = week_began(frame, at)
    red_since = (
        LightTransition.objects.filter(task=OuterRef("task"), to_light=Light.RED)
        .filter(effective_at__lte=at)
        .order_by("-effective_at", "-number")
        .values("effective_at")[:1]
    )
    told = reports.filter(obstacle=True).annotate(since=Subquery(red_since))
    products = Product.objects.filter(task=OuterRef("pk")).annotate(
        due=product_deadline_at(base.at)
    )
    sent = Submission.objects.filter(product=OuterRef("pk"), at__lte=at)
    running = ~Q(lit__in=[Light.DONE, Light.GREY])
    rows = base.apply(user, frame.campaign)
    return rows.annotate(  # type: ignore[no-any-return]
        no_report=running
        & ~Exists(reports.filter(at__gte=began))
        & Exists(products.exclude(Exists(sent))),
        no_obstacle=Q(lit=Light.RED) & ~Exists(told.filter(at__gte=F("since"))),
        no_product=running & Exists(products.filter(due__lte=at).exclude(Exists(sent))),
        last_report=Subquery(reports.order_by("-at", "-pk").values("at")[:1]),
    )


def missing(rows: TaskQuerySet, kind: Kind) -> TaskQuerySet:
    """Of ``to_chase``: those that lack this."""
    return rows.filter(**{f"no_{kind}": True})


def chase_counts(
    user: User, frame: Structure, base: TaskFilter, *, at: datetime
) -> dict[Kind, int]:
    """How many lack what. One query."""
    rows = to_chase(user, frame, base, at=at).order_by()
    counts: dict[Kind, int] = rows.aggregate(
        **{kind: Count("pk", filter=Q(**{f"no_{kind}": True})) for kind in KINDS}
    )
    return counts
