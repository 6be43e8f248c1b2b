"""Counts of each light week by week: the frozen figures, or a reader's own of the same instants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Exists, IntegerField, Q, Value, When

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
    frozen = list(
        WeeklySnapshot.objects.filter(campaign=campaign, at__lte=until)
        .annotate(sees_less=Exists(unseen))
        .select_related("phase")
        .order_by("at")
    )
    if not frozen:
        return Trend((), frozen=True)
    everything = not frozen[0].sees_less
    if everything:
        parts = _parts(user, frame, base)
        counts = [_sum(one.figures, parts) for one in frozen]
    else:
        counts = _own(user, campaign, base, [one.at for one in frozen])
    weeks = tuple(
        Week(one.phase.no, one.phase.label, one.at, figures, base.but(at=one.at).query)
        for one, figures in zip(frozen, counts, strict=True)
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


def _parts(user: User, frame: Structure, base: TaskFilter) -> tuple[str, tuple[str, ...]]:
    """Which figures of a snapshot speak of this part: (kind, keys); no kind means of all."""
    if base.unit:
        return "units", (base.unit,)
    if base.deputy:
        return "blocks", tuple(str(block.no) for block in frame.blocks_of(user))
    return "", ()


def _sum(
    figures: dict[str, dict[str, dict[str, int]]], parts: tuple[str, tuple[str, ...]]
) -> dict[str, int]:
    kind, keys = parts
    rows: Iterable[dict[str, int]] = (
        [figures[kind].get(key, {}) for key in keys] if kind else [figures["lights"]]  # type: ignore[list-item]
    )
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
