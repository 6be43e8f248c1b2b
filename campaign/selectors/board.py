"""The leaders' board: six queries, whatever the number of tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from campaign.models import Briefing, Campaign, Light, LightTransition, Phase, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE, start_of
from campaign.selectors.filters import TaskFilter
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import TODAY, Then, then_at
from campaign.selectors.pressing import deadline_then, with_pressure
from campaign.selectors.structure import Structure, structure_at
from campaign.selectors.tally import Cell, MatrixLine, Slice, Tally
from security.models import User
from security.scope import visible_q

__all__ = ["Board", "Cell", "LightCount", "MatrixLine", "Slice", "board_for"]

EXCEPTIONS_SHOWN = 60
EVERYTHING = TaskFilter()
WEEK = timedelta(days=7)
# What a line of the board draws; the long texts of a task stay in the database.
DRAWN = (
    *("code", "title", "state", "light", "start", "deadline", "late_days", "lead_named"),
    *("level", "sensitivity"),
    *("unit__name", "owner__full_name", "owner__username", "block__no", "block__in_charge"),
    *("block__deputy__full_name", "block__deputy__username"),
)


@dataclass(frozen=True)
class LightCount:
    """How many tasks have a light and how many had it a week before; each with its list."""

    light: str
    count: int
    before: int
    query: str
    before_query: str = ""

    @property
    def change(self) -> int:
        return self.count - self.before


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
    frame: Structure
    base: TaskFilter
    weeks: dict[int, Counter[str]]
    since: datetime | None

    @property
    def sweep_late(self) -> bool:
        """Whether stored lights may be behind by more than a few minutes."""
        return self.late_since is not None


def board_for(
    user: User,
    at: datetime | None = None,
    *,
    now: datetime,
    shown: int = EXCEPTIONS_SHOWN,
    campaign: Campaign | None = None,
    named: str = "",
    scope: TaskFilter = EVERYTHING,
    own_first: bool = False,
) -> Board | None:
    """A campaign as this user may see it, now or at a past instant; None without one.

    campaign: the chosen one, None for the one that began last; named: its code for the addresses
    of the lists, where the reader has several (``Choice.named``); scope: only the tasks of one
    unit, block or deputy head. own_first: for whoever heads a block, only his blocks.

    Counts come from stored lights (now) or from the transitions up to ``at``; reasons of the
    exceptions shown (at most ``shown``) are computed from the facts of that instant.
    """
    past = at is not None and at < now
    instant = at if at is not None and past else now
    frame = structure_at(instant, campaign)
    if frame is None:
        return None
    deputy = "me" if own_first and frame.blocks_of(user) else scope.deputy
    base = scope.but(at=instant if past else None, campaign=named, deputy=deputy)
    rows = base.apply(user, frame.campaign)
    then = then_at(frame.campaign, instant) if past else None
    tally = Tally(frame, base, rows, instant, then or TODAY)
    since = week_before(instant)
    before = _before(user, frame, base, tally.lights, since=since, at=instant)
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
            LightCount(
                light,
                tally.lights[light],
                before[light],
                base.but(light=(light,)).query,
                base.but(light=(light,), at=since).query,
            )
            for light in Light.values
        ),
        total=tally.lights.total(),
        done_late=tally.done_late,
        exceptions=tuple(_exceptions(rows, frame, instant, then=then, shown=shown)),
        exceptions_total=tally.lights[Light.RED] + tally.lights[Light.YELLOW],
        exceptions_query=base.but(light=(Light.RED, Light.YELLOW)).query,
        matrix=tuple(tally.matrix.lines.values()),
        groups=tuple(tally.groups.values()),
        blocks=tuple(tally.blocks.values()),
        units=tuple(sorted(tally.units.values(), key=lambda s: (-s.total, s.name))),
        next_briefing=briefing,
        days_to_briefing=(briefing.day - today).days if briefing else 0,
        late_since=None if past else tally.late_since(now),
        frame=frame,
        base=base,
        weeks=tally.weeks,
        since=since if since >= start_of(frame.campaign.start) else None,
    )


def week_before(at: datetime) -> datetime:
    """Seven days earlier, on the full hour: an address that does not change with every look."""
    return (at - WEEK).replace(minute=0, second=0, microsecond=0)


def _before(
    user: User,
    frame: Structure,
    base: TaskFilter,
    counts: Counter[str],
    *,
    since: datetime,
    at: datetime,
) -> Counter[str]:
    """How many had each light at ``since``: what is counted now less what came, plus what left."""
    if base.unit:  # a task may have been another unit's then
        then = base.but(at=since).apply(user, frame.campaign).order_by()
        return Counter(dict(then.values_list("lit").annotate(n=Count("pk"))))
    mine = Q(task__block__deputy=user) if base.deputy else Q()
    rows = (
        LightTransition.objects.filter(visible_q(user, Task, "task__"), mine)
        .filter(task__campaign=frame.campaign, effective_at__gt=since, effective_at__lte=at)
        .order_by()
        .values_list("from_light", "to_light")
        .annotate(n=Count("pk"))
    )
    before = Counter(counts)
    for left, came, n in rows:
        before[left] += n
        before[came] -= n
    return before


def _exceptions(
    rows: TaskQuerySet, frame: Structure, at: datetime, *, then: Then | None, shown: int
) -> list[TaskLine]:
    """Red and yellow tasks, worst first. The worst are found before anything is joined to them."""
    pressing = rows.with_light(Light.RED, Light.YELLOW).by_severity().values("pk")[:shown]
    found = Task.objects.lit(at if then else None).filter(pk__in=pressing).order_by()
    drawn = with_pressure(with_people(found, at), at).only(*DRAWN)
    tasks = list(deadline_then(drawn, at) if then else drawn)
    if then is not None:
        then.put_into(tasks)
    lines = lines_of(tasks, policy=frame.policy, at=at, then=then)
    return sorted(lines, key=lambda line: (line.light != Light.RED, -line.days_late, line.task.pk))
