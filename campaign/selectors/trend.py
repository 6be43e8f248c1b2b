"""Counts of each light week by week: the frozen figures, or a reader's own of the same instants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, Q, Value, When
from django.db.models.fields.json import KeyTransform

from campaign.models import Campaign, Light, LightTransition, Task, WeeklySnapshot
from campaign.selectors.filters import TaskFilter
from campaign.selectors.structure import Structure
from security.models import User
from security.scope import visible_q


@dataclass(frozen=True)
class Week:
    """The end of one week. ``query`` lists all tasks of that instant; add ``&light=red``."""

    no: int
    label: str
    at: datetime
    counts: dict[str, int]
    query: str

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Trend:
    """``frozen``: these are the published figures; else the reader's own, who sees less than all."""

    weeks: tuple[Week, ...]
    frozen: bool


def trend_of(user: User, frame: Structure, base: TaskFilter, *, until: datetime) -> Trend:
    """Weeks of the campaign that were over and frozen by ``until``, oldest first.

    The published figures are a reader's only if no task of this part is hidden from him. One
    query, a second where they are not his, whatever the number of weeks and tasks.
    """
    campaign = frame.campaign
    unseen = Task.objects.filter(_scope(user, base), campaign=campaign).exclude(
        pk__in=Task.objects.visible_to(user).order_by().values("pk")
    )
    frozen: Any = (
        WeeklySnapshot.objects.filter(campaign=campaign, at__lte=until)
        .order_by("at")
        .values_list("at", "phase_id", Exists(unseen), _part(base))
    )
    ends, phases, sees_less, figures = zip(*frozen, strict=True) if frozen else ((), (), (), ())
    everything = not any(sees_less)
    if everything:
        blocks = [str(block.no) for block in frame.blocks_of(user)]
        counts = [_counts(one or {}, blocks if base.deputy else None) for one in figures]
    else:
        counts = _own(user, campaign, base, ends)
    named = {phase.pk: phase for phase in frame.phases}
    weeks = tuple(
        Week(named[phase].no, named[phase].label, at, count, base.but(at=at).query)
        for at, phase, count in zip(ends, phases, counts, strict=True)
    )
    return Trend(weeks, frozen=everything)


def _scope(user: User, base: TaskFilter, task: str = "") -> Q:
    """The part of the campaign that a board is about, as a condition on tasks."""
    found = Q()
    if base.unit:
        found &= Q(**{f"{task}unit__code": base.unit})
    if base.deputy:
        found &= Q(**{f"{task}block__deputy": user})
    return found


def _part(base: TaskFilter) -> KeyTransform:
    """What a snapshot says of this part alone: it holds hundreds of units."""
    if base.unit:
        return KeyTransform(base.unit, KeyTransform("units", "figures"))
    return KeyTransform("blocks" if base.deputy else "lights", "figures")


def _counts(figures: dict[str, Any], blocks: Sequence[str] | None) -> dict[str, int]:
    """Counts of each light; summed over these blocks, where ``figures`` is by block."""
    rows = [figures.get(block, {}) for block in blocks] if blocks is not None else [figures]
    added: Counter[str] = Counter()
    for row in rows:
        added.update(row)
    return {light: added[light] for light in Light.values}


def _own(
    user: User, campaign: Campaign, base: TaskFilter, instants: Sequence[datetime]
) -> list[dict[str, int]]:
    """Counts as of each instant from one pass over the transitions.

    Each transition takes one task from a light and adds it to another, so what stood at an
    instant is the sum of all that came before it.
    """
    week = Case(
        *(When(effective_at__lte=at, then=Value(i)) for i, at in enumerate(instants)),
        output_field=IntegerField(),
    )
    rows = (
        LightTransition.objects.filter(
            visible_q(user, Task, "task__"), _scope(user, base, "task__")
        )
        .filter(task__campaign=campaign, effective_at__lte=instants[-1])
        .order_by()
        .values_list("from_light", "to_light")
        .annotate(week=week, n=Count("pk"))
        .values_list("week", "from_light", "to_light", "n")
    )
    moves: list[Counter[str]] = [Counter() for _ in instants]
    for number, left, came, n in rows:
        moves[number][left] -= n
        moves[number][came] += n
    standing: Counter[str] = Counter()
    found = []
    for move in moves:
        standing.update(move)
        found.append({light: standing[light] for light in Light.values})
    return found
