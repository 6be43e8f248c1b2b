"""A leader's judgement in force, read along with the tasks: no query of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject, NullIf
from django.utils.dateparse import parse_datetime

from campaign.models import Judgement
from campaign.rules import last_day


@dataclass(frozen=True)
class Judged:
    """How a leader sees a task, beside its computed light, until the end of ``last_day``."""

    light: str
    who: str
    reason: str
    last_day: date

    @classmethod
    def of(cls, row: Judgement | None) -> Judged | None:
        """row: with ``by`` joined."""
        if row is None:
            return None
        return cls(row.light, str(row.by), row.reason, last_day(row.expires_at))

    @classmethod
    def from_json(cls, found: dict[str, Any] | None) -> Judged | None:
        expires = parse_datetime(found["until"]) if found else None
        if found is None or expires is None:
            return None
        return cls(found["light"], found["who"], found["reason"], last_day(expires))


def judged_at(at: datetime, *, task: str = "pk") -> Subquery:
    """To annotate rows with: the newest judgement in force at ``at`` as JSON, or None.

    task: column of the rows that names the task.
    """
    words = JSONObject(
        light="light",
        reason="reason",
        until="expires_at",
        who=Coalesce(NullIf("by__full_name", Value("")), "by__username"),
    )
    newest = Judgement.objects.filter(task=OuterRef(task)).in_force(at)
    return Subquery(newest.values(words=words)[:1])
