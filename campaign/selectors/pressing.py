"""What holds a pressing task up, and what a leader was asked: read along with the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from campaign.models import DeadlineRequest, ProgressReport, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import last_day
from campaign.selectors.past import deadline_at


@dataclass(frozen=True)
class Pressure:
    """obstacle: what the newest report says is in the way; "" if that report names nothing.

    asked_day: the last day that somebody asked a leader to grant; None where nobody asks.
    """

    obstacle: str = ""
    asked_day: date | None = None


def with_pressure(rows: TaskQuerySet, at: datetime) -> TaskQuerySet:
    """With ``pressed`` and ``asked`` of that instant, for ``pressure_of``; no query of its own."""
    newest = ProgressReport.objects.filter(task=OuterRef("pk"), at__lte=at).order_by("-at", "-pk")
    asked = DeadlineRequest.objects.filter(
        Q(decided_at=None) | Q(decided_at__gt=at), task=OuterRef("pk"), at__lte=at
    ).order_by("-at", "-pk")
    return rows.annotate(  # type: ignore[no-any-return]
        pressed=Subquery(newest.values(words=JSONObject(note="note", obstacle="obstacle"))[:1]),
        asked=Subquery(asked.values(words=JSONObject(new="new"))[:1]),
    )


def deadline_then(rows: TaskQuerySet, at: datetime) -> list[Task]:
    """These tasks, which nobody may save, with the deadline that they had at a past instant."""
    tasks: list[Task] = list(rows.annotate(bound=deadline_at(at)))
    for task in tasks:
        task.deadline = task.bound  # type: ignore[attr-defined]
    return tasks


def pressure_of(task: Task) -> Pressure:
    """Of a row of ``with_pressure``; nothing known of any other."""
    report = getattr(task, "pressed", None) or {}
    asked = parse_datetime((getattr(task, "asked", None) or {}).get("new", ""))
    return Pressure(
        obstacle=report["note"] if report.get("obstacle") else "",
        asked_day=last_day(asked) if asked else None,
    )
