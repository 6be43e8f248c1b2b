"""Whether stored lights may be behind, and how the last comparisons ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from campaign.models import Campaign, LightCheck, Task
from campaign.services.lights import SWEEP_LATE_AFTER
from security.models import User

SHOWN = 100  # differences of one comparison
CHECKS_SHOWN = 30


def late_since(user: User, campaign: Campaign, now: datetime) -> datetime | None:
    """Since when a visible task's change waits for the sweep, if for longer than it may.

    None while all is well, and of a closed campaign, which stands still. One query.
    """
    if campaign.closed_at is not None:
        return None
    waiting = Task.objects.visible_to(user).filter(campaign=campaign)
    first = waiting.due_for_sweep(now - SWEEP_LATE_AFTER).aggregate(first=Min("next_change_at"))
    found: datetime | None = first["first"]
    return found


@dataclass(frozen=True)
class Difference:
    """A task that shows another light than the rule's; ``same``: it only turns at another time."""

    task: Task
    stored: str
    ruled: str

    @property
    def same(self) -> bool:
        return self.stored == self.ruled


@dataclass(frozen=True)
class Comparisons:
    """The last comparisons, newest first; of the newest, the differences this reader may see."""

    checks: tuple[LightCheck, ...]
    differences: tuple[Difference, ...]

    @property
    def last(self) -> LightCheck | None:
        return self.checks[0] if self.checks else None

    @property
    def hidden(self) -> int:
        return len(self.last.differences) - len(self.differences) if self.last else 0


def comparisons(user: User, campaign: Campaign) -> Comparisons:
    """Two queries."""
    checks = tuple(campaign.light_checks.order_by("-at", "-pk")[:CHECKS_SHOWN])
    found: list[dict[str, Any]] = checks[0].differences[:SHOWN] if checks else []
    rows = Task.objects.visible_to(user).select_related("unit")
    tasks = {task.pk: task for task in rows.filter(pk__in=[one["task"] for one in found])}
    return Comparisons(
        checks,
        tuple(
            Difference(tasks[one["task"]], one["stored"], one["ruled"])
            for one in found
            if one["task"] in tasks
        ),
    )
