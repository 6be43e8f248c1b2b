"""Reading the facts of tasks for the rules: two queries for any number of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from campaign.models import (
    DeadlineRevision,
    LightPolicy,
    Product,
    ProductRevision,
    ProgressReport,
    Task,
)
from campaign.rules import Policy, ProductFacts, TaskFacts, start_of


def policy_at(campaign_id: int, at: datetime) -> Policy:
    """Thresholds in force at that instant; the defaults where none was set by then."""
    row = LightPolicy.objects.filter(campaign_id=campaign_id).in_force(at).first()
    return Policy(row.warning_days, row.behind_points) if row else Policy()


def newest_policies(campaigns: Iterable[int]) -> dict[int, Policy]:
    """The thresholds set last, by campaign: what a stored light follows.

    Not those in force by the reader's clock: whoever waited for the lock of a row while they were
    set may bear an earlier time, and would put back the light of the old ones.
    """
    found = dict.fromkeys(campaigns, Policy())
    rows = LightPolicy.objects.filter(campaign_id__in=found).order_by("campaign_id", "-valid_from")
    for row in rows.distinct("campaign_id"):
        found[row.campaign_id] = Policy(row.warning_days, row.behind_points)
    return found


def facts_of(tasks: Iterable[Task], at: datetime, *, past: bool = False) -> dict[int, TaskFacts]:
    """What is known of these tasks, by task id. Tasks without dates are left out.

    past: what was known at ``at`` only, and the deadlines of then (one more query at most). Otherwise every
    fact counts that is there, whatever its clock says: writers wait for each other, and their
    clocks differ, so a fact may bear a time a little later than the reader's.
    """
    cut = at if past else None
    starts: dict[int, date] = {}
    deadlines: dict[int, datetime] = {}
    known = list(tasks)
    for task in known:
        if task.start is not None and task.deadline is not None:
            starts[task.pk], deadlines[task.pk] = task.start, task.deadline
    ids = list(starts)
    if past:
        # Rows of ``deadline_then`` carry the deadline of then already.
        deadlines |= _deadlines_at([task.pk for task in known if not hasattr(task, "bound")], at)
    products = _products(ids, cut, deadlines)
    progress = _progress(ids, cut)
    return {
        pk: TaskFacts(
            start=start_of(start),
            deadline=deadlines[pk],
            progress=progress.get(pk, 0),
            products=tuple(products.get(pk, ())),
        )
        for pk, start in starts.items()
    }


def _deadlines_at(ids: list[int], at: datetime) -> dict[int, datetime]:
    """The deadline before the first revision that came later than ``at``."""
    rows = DeadlineRevision.objects.filter(task_id__in=ids, at__gt=at).order_by("-at", "-pk")
    return dict(rows.values_list("task_id", "old"))


def _progress(ids: list[int], cut: datetime | None) -> dict[int, int]:
    reports = ProgressReport.objects.filter(task_id__in=ids)
    if cut is not None:
        reports = reports.filter(at__lte=cut)
    newest = reports.order_by("task_id", "-at", "-pk").distinct("task_id")
    return dict(newest.values_list("task_id", "percent"))


def _products(
    ids: list[int], cut: datetime | None, deadlines: dict[int, datetime]
) -> dict[int, list[ProductFacts]]:
    """One row per product and round, folded into the product's newest grade and hand-in.

    deadlines: of tasks. A product's own date is the one before its first revision after ``cut``.
    """
    date: Combinable = F("deadline")
    if cut is not None:
        later = ProductRevision.objects.filter(product=OuterRef("pk"), at__gt=cut)
        date = Coalesce(Subquery(later.order_by("at", "pk").values("old")[:1]), date)
    rows = (
        Product.objects.filter(task_id__in=ids)
        .annotate(date=date)
        .order_by("task_id", "position", "submissions__round")
        .values_list(
            "pk",
            "task_id",
            "task__code",
            "position",
            "checklist_code",
            "date",
            "submissions__at",
            "submissions__acceptance__at",
            "submissions__acceptance__grade",
            "submissions__acceptance__remediate_until",
        )
    )
    found: dict[int, tuple[int, ProductFacts]] = {}
    for pk, task_id, code, position, checklist, deadline, sent, graded, grade, until in rows:
        task, facts = found.get(pk) or (
            task_id,
            ProductFacts(
                checklist or f"{code}/{position}",
                deadline or deadlines[task_id],
            ),
        )
        found[pk] = task, _after_round(facts, cut, sent, graded, grade, until)
    by_task: dict[int, list[ProductFacts]] = {}
    for task, facts in found.values():
        by_task.setdefault(task, []).append(facts)
    return by_task


def _after_round(
    facts: ProductFacts,
    cut: datetime | None,
    sent: datetime | None,
    graded: datetime | None,
    grade: str | None,
    until: datetime | None,
) -> ProductFacts:
    """The product's facts with one more round; rounds come in order."""
    if sent is None or (cut is not None and sent > cut):
        return facts
    if graded is None or (cut is not None and graded > cut):
        return ProductFacts(
            facts.name,
            facts.deadline,
            sent,
            facts.grade,
            facts.graded_from,
            facts.remediate_until,
        )
    return ProductFacts(facts.name, facts.deadline, None, grade or "", sent, until)
