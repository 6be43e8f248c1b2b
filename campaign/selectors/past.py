"""Who led and who owned a task at a past instant: hand-overs that came later are undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, F, Field, Value, When
from django.db.models.expressions import Combinable

from campaign.models import Campaign, HandOver, Task
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
        kind: Field[Any, Any] = CharField() if now.startswith("unit") else BigIntegerField()
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
