"""Counts of each light week by week: the frozen figures, or a reader's own of the same instants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, Q, Value, When
from django.db.models.fields.json import KeyTransform

from campaign.models import Campaign, HandOver, Light, LightTransition, Task, WeeklySnapshot
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

    The published figures are a reader's only if no task of this part is hidden from him: of a
    unit's, none that it ever led. One query; where they are not his a second, a third for a unit;
    whatever the number of weeks and tasks.
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
    """The part of the campaign that a board is about, as a condition on tasks: for a unit also
    those that it has handed over, or received and handed on."""
    found = Q()
    if base.unit:
        led = HandOver.objects.filter(Q(from_unit__code=base.unit) | Q(to_unit__code=base.unit))
        found &= Q(**{f"{task}unit__code": base.unit}) | Q(**{f"{task}pk__in": led.values("task")})
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
    instant is the sum of all that came before it. A task that another unit led at an instant is
    none of this unit's then, as in the list of that instant.
    """
    led = _led(campaign, base.unit, instants) if base.unit else {}
    whose = F("task_id") if base.unit else Value(0)
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
        .annotate(week=week, whose=whose)
        .values_list("week", "whose", "from_light", "to_light")
        .annotate(n=Count("pk"))
    )
    standing: list[Counter[str]] = [Counter() for _ in instants]
    for first, task, left, came, n in rows:
        for number in range(first, len(instants)):
            if number in led.get(task, range(len(instants))):
                standing[number][left] -= n
                standing[number][came] += n
    return [{light: counts[light] for light in Light.values} for counts in standing]


def _led(campaign: Campaign, unit: str, instants: Sequence[datetime]) -> dict[int, set[int]]:
    """Of tasks that were handed over: at which of the instants (by number) this unit led them."""
    rows = HandOver.objects.filter(task__campaign=campaign).order_by("task_id", "at", "pk")
    moves: dict[int, list[Any]] = {}
    for row in rows.values_list("task_id", "at", "from_unit__code", "to_unit__code"):
        moves.setdefault(row[0], []).append(row[1:])
    return {
        task: {n for n, at in enumerate(instants) if _leader(told, at) == unit}
        for task, told in moves.items()
    }


def _leader(moves: Sequence[tuple[datetime, str, str]], at: datetime) -> str:
    """Code of the lead at an instant; moves: (instant, from, to) of one task, oldest first."""
    later = next((left for moved, left, _came in moves if moved > at), None)
    return later if later is not None else moves[-1][2]
