"""A task at a past instant: hand-overs and deadline revisions that came later are undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    F,
    Field,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from campaign.models import Campaign, DeadlineRevision, HandOver, ProductRevision, Task
from campaign.models.tasks import TaskQuerySet
from security.models import Unit, User


@dataclass(frozen=True)
class Then:
    """Lead unit and owner by task id, of those tasks alone that were handed over since."""

    units: dict[int, Unit]
    owners: dict[int, User]

    def put_into(self, tasks: Iterable[Task]) -> None:
        """Let these rows, which nobody may save, speak of their lead and owner of then."""
        for task in tasks:
            if task.pk in self.units:
                task.unit, task.owner = self.units[task.pk], self.owners[task.pk]

    def lead(self, name: str) -> Combinable:
        """A column of the lead unit of then, for a query on tasks: ``lead("code")``."""
        return self._column(
            {pk: getattr(unit, name) for pk, unit in self.units.items()}, f"unit__{name}"
        )

    def owner(self, name: str) -> Combinable:
        """A column of the owner of then: ``owner("full_name")``."""
        return self._column(
            {pk: getattr(owner, name) for pk, owner in self.owners.items()}, f"owner__{name}"
        )

    @property
    def owner_id(self) -> Combinable:
        return self._column({pk: owner.pk for pk, owner in self.owners.items()}, "owner_id")

    @staticmethod
    def _column(values: dict[int, Any], now: str) -> Combinable:
        tasks: dict[Any, list[int]] = {}
        for pk, value in values.items():
            tasks.setdefault(value, []).append(pk)
        whens = [When(pk__in=pks, then=Value(value)) for value, pks in tasks.items()]
        if not whens:
            return F(now)
        kind: Field[Any, Any] = BigIntegerField() if now == "owner_id" else CharField()
        return Case(*whens, default=F(now), output_field=kind)


TODAY = Then({}, {})


def then_at(campaign: Campaign, at: datetime) -> Then:
    """What later hand-overs of this campaign changed since ``at``. One query."""
    later = (
        HandOver.objects.filter(task__campaign=campaign, at__gt=at)
        .order_by("task_id", "at", "pk")
        .distinct("task_id")
        .select_related("from_unit", "from_owner")
    )
    rows = list(later)
    return Then(
        {row.task_id: row.from_unit for row in rows},
        {row.task_id: row.from_owner for row in rows},
    )


def with_lead(rows: TaskQuerySet, then: Then) -> TaskQuerySet:
    """With ``lead_code`` and ``lead_name`` of that instant, to group by."""
    return rows.annotate(  # type: ignore[no-any-return]
        lead_code=then.lead("code"), lead_name=then.lead("name")
    )


def deadline_at(at: datetime | None, *, task: str = "") -> Combinable:
    """The deadline that bound at a past instant; None asks for now, and reads the column alone.

    task: how the rows lead to their task (``"task__"``); nothing for rows that are tasks.
    """
    now = F(f"{task}deadline")
    if at is None:
        return now
    later = DeadlineRevision.objects.filter(task=OuterRef(f"{task}pk"), at__gt=at)
    old = Subquery(later.order_by("at", "pk").values("old")[:1])
    return Coalesce(old, now, output_field=DateTimeField())


def product_deadline_at(at: datetime | None) -> Combinable:
    """For rows that are products: the date that bound then, their own or their task's."""
    shared = deadline_at(at, task="task__")
    dates: list[Combinable] = [F("deadline"), shared]
    if at is not None:
        later = ProductRevision.objects.filter(product=OuterRef("pk"), at__gt=at)
        dates.insert(0, Subquery(later.order_by("at", "pk").values("old")[:1]))
    return Coalesce(*dates, output_field=DateTimeField())
