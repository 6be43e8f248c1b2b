"""The leaders' board: seven queries, whatever the number of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from campaign.models import Briefing, Campaign, Light, LightTransition, Phase, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE, worst
from campaign.selectors.filters import TaskFilter
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.structure import Named, Structure, structure_at
from campaign.services.lights import SWEEP_LATE_AFTER
from security.models import User
from security.scope import visible_q

EXCEPTIONS_SHOWN = 60
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class LightCount:
    """How many tasks have a light, and by how many more or fewer than a week before."""

    light: str
    count: int
    change: int
    query: str

    @property
    def before(self) -> int:
        return self.count - self.change


@dataclass
class Slice:
    """A group, block or unit: counts of each light; its own light is its worst.

    query: of the list that shows all its tasks; add ``&light=red`` for one of its numbers.
    """

    key: str
    name: str
    extra: str = ""
    query: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def light(self) -> str:
        return worst(self.counts)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def bars(self) -> list[tuple[str, int]]:
        """(light, count) of what there is, worst first."""
        return [(light, self.counts[light]) for light in Light.values if self.counts[light]]


@dataclass
class Cell:
    """A cell of the progress matrix: the plan's words and the worst light of its milestones."""

    phase: int
    words: str = ""
    task_id: int | None = None
    count: int = 0
    done_late: int = 0
    lights: set[str] = field(default_factory=set)
    query: str = ""

    @property
    def light(self) -> str:
        return worst(self.lights)


@dataclass
class MatrixLine:
    """A row of the matrix. light: worst of its cells so far and of its other open tasks.

    in_time of due: tasks of the row whose deadline is over, and those of them done within it.
    """

    row: Named
    cells: list[Cell]
    query: str
    lights: set[str] = field(default_factory=set)
    done: int = 0
    done_late: int = 0
    total: int = 0
    due: int = 0
    in_time: int = 0

    def count(self, total: int, due: int, done: int, late: int, in_time: int) -> None:
        self.total += total
        self.due += due
        self.done += done
        self.done_late += late
        self.in_time += in_time

    @property
    def light(self) -> str:
        return worst(self.lights)


@dataclass(frozen=True)
class Board:
    """Everything the leaders' board shows, as of ``at``; ``past`` if that is not now."""

    campaign: Campaign
    at: datetime
    past: bool
    day_number: int
    phase: Phase | None
    phases: tuple[Phase, ...]
    lights: tuple[LightCount, ...]
    total: int
    done_late: int
    exceptions: tuple[TaskLine, ...]
    exceptions_total: int
    exceptions_query: str
    matrix: tuple[MatrixLine, ...]
    groups: tuple[Slice, ...]
    blocks: tuple[Slice, ...]
    units: tuple[Slice, ...]
    next_briefing: Briefing | None
    days_to_briefing: int
    late_since: datetime | None

    @property
    def sweep_late(self) -> bool:
        """Whether stored lights may be behind by more than a few minutes."""
        return self.late_since is not None


def board_for(user: User, at: datetime | None = None, *, now: datetime) -> Board | None:
    """The current campaign as this user may see it, now or at a past instant; None without one.

    Counts come from stored lights (now) or from the transitions up to ``at``; reasons of the
    exceptions shown are computed from the facts of that instant.
    """
    past = at is not None and at < now
    instant = at if at is not None and past else now
    frame = structure_at(instant)
    if frame is None:
        return None
    base = TaskFilter(at=instant if past else None)
    rows = base.apply(user, frame.campaign)
    tally = _Tally(frame, base, rows)
    changes = _changes(user, frame, instant)
    today = instant.astimezone(ZONE).date()
    briefing = frame.next_briefing(today)
    phase = frame.phase_on(today)
    return Board(
        campaign=frame.campaign,
        at=instant,
        past=past,
        day_number=frame.campaign.day_number(today),
        phase=phase,
        phases=frame.phases,
        lights=tuple(
            LightCount(light, tally.lights[light], changes[light], base.but(light=(light,)).query)
            for light in Light.values
        ),
        total=tally.lights.total(),
        done_late=tally.done_late,
        exceptions=tuple(_exceptions(rows, frame, instant, past=past)),
        exceptions_total=tally.lights[Light.RED] + tally.lights[Light.YELLOW],
        exceptions_query=base.but(light=(Light.RED, Light.YELLOW)).query,
        matrix=_matrix(rows, frame, base, instant),
        groups=tuple(tally.groups.values()),
        blocks=tuple(tally.blocks.values()),
        units=tuple(sorted(tally.units.values(), key=lambda s: (-s.total, s.name))),
        next_briefing=briefing,
        days_to_briefing=(briefing.day - today).days if briefing else 0,
        late_since=None if past else tally.late_since(now),
    )


class _Tally:
    """Counts by light, group, block and unit from one GROUP BY."""

    def __init__(self, frame: Structure, base: TaskFilter, rows: TaskQuerySet) -> None:
        self.lights: Counter[str] = Counter()
        self.groups = _slices(frame.groups, base, "group")
        self.blocks = _slices(frame.blocks, base, "block")
        self.units: dict[str, Slice] = {}
        self.done_late = 0
        self._next: datetime | None = None
        counted = (
            rows.order_by()
            .values_list("lit", "group__no", "block__no", "unit__code", "unit__name")
            .annotate(
                n=Count("pk"),
                late=Count("pk", filter=Q(late_days__gt=0)),
                next_change=Min("next_change_at"),
            )
        )
        for light, group, block, code, name, n, late, next_change in counted:
            self.lights[light] += n
            unit = self.units.setdefault(code, Slice(code, name, query=base.but(unit=code).query))
            for part in (self.groups.get(group), self.blocks.get(block), unit):
                if part is not None:
                    part.counts[light] += n
            if light == Light.DONE:
                self.done_late += late
            if next_change and (self._next is None or next_change < self._next):
                self._next = next_change

    def late_since(self, now: datetime) -> datetime | None:
        """Since when a change waits for the sweep, if it waits too long."""
        if self._next is not None and self._next < now - SWEEP_LATE_AFTER:
            return self._next
        return None


def _slices(parts: Iterable[Named], base: TaskFilter, name: str) -> dict[int | None, Slice]:
    return {
        part.no: Slice(str(part.no), part.name, part.extra, base.but(**{name: part.no}).query)
        for part in parts
    }


def _changes(user: User, frame: Structure, at: datetime) -> Counter[str]:
    """Change of each light's count over the last seven days: what came minus what left."""
    rows = (
        LightTransition.objects.filter(visible_q(user, Task, "task__"))
        .filter(task__campaign=frame.campaign, effective_at__gt=at - WEEK, effective_at__lte=at)
        .order_by()
        .values_list("from_light", "to_light")
        .annotate(n=Count("pk"))
    )
    changes: Counter[str] = Counter()
    for before, after, n in rows:
        changes[before] -= n
        changes[after] += n
    return changes


def _exceptions(
    rows: TaskQuerySet, frame: Structure, at: datetime, *, past: bool
) -> list[TaskLine]:
    """Red and yellow tasks, worst first, at most EXCEPTIONS_SHOWN."""
    worst_first = with_people(rows.with_light(Light.RED, Light.YELLOW), at).by_severity()
    lines = lines_of(worst_first[:EXCEPTIONS_SHOWN], policy=frame.policy, at=at, past=past)
    return sorted(lines, key=lambda line: (line.light != Light.RED, -line.days_late))


def _matrix(
    rows: TaskQuerySet, frame: Structure, base: TaskFilter, at: datetime
) -> tuple[MatrixLine, ...]:
    lines = {
        row.no: MatrixLine(row, [Cell(p.no) for p in frame.phases], base.but(row=row.no).query)
        for row in frame.rows
    }
    places = {p.no: i for i, p in enumerate(frame.phases)}
    today = at.astimezone(ZONE).date()
    reached = {p.no for p in frame.phases if p.start <= today}
    over = Q(deadline__lte=at)
    counted = (
        rows.filter(matrix_row__isnull=False)
        .order_by()
        .values_list("matrix_row__no", "phase__no", "kind", "lit")
        .annotate(
            n=Count("pk"),
            words=Min("focus"),
            first=Min("pk"),
            late=Count("pk", filter=Q(late_days__gt=0)),
            due=Count("pk", filter=over),
            kept=Count("pk", filter=over & Q(late_days=0)),
        )
    )
    for row, week, kind, light, n, words, first, late, due, kept in counted:
        line = lines[row]
        line.count(n, due, *((n, late, kept) if light == Light.DONE else (0, 0, 0)))
        if kind == Task.Kind.MILESTONE and week in places:
            cell = line.cells[places[week]]
            cell.words, cell.task_id = words, first
            cell.count += n
            cell.done_late += late if light == Light.DONE else 0
            cell.lights.add(light)
            cell.query = base.but(row=row, week=week, kind=kind).query
            if week in reached:
                line.lights.add(light)
        elif light != Light.DONE:
            line.lights.add(light)
    return tuple(lines.values())
