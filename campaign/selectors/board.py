"""The leaders' board: six queries, whatever the number of tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from campaign.models import Briefing, Campaign, Light, LightTransition, Phase, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE
from campaign.selectors.filters import TaskFilter
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import TODAY, Then, then_at
from campaign.selectors.structure import Structure, structure_at
from campaign.selectors.tally import Cell, MatrixLine, Slice, Tally
from security.models import User
from security.scope import visible_q

__all__ = ["Board", "Cell", "LightCount", "MatrixLine", "Slice", "board_for"]

EXCEPTIONS_SHOWN = 60
WEEK = timedelta(days=7)
# What a line of the board draws; the long texts of a task stay in the database.
DRAWN = (
    *("code", "title", "state", "light", "start", "deadline", "late_days", "lead_named"),
    *("unit__name", "owner__full_name", "owner__username", "block__no", "block__in_charge"),
    *("block__deputy__full_name", "block__deputy__username"),
)


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


def board_for(
    user: User,
    at: datetime | None = None,
    *,
    now: datetime,
    shown: int = EXCEPTIONS_SHOWN,
    campaign: Campaign | None = None,
    named: str = "",
) -> Board | None:
    """A campaign as this user may see it, now or at a past instant; None without one.

    campaign: the chosen one, None for the one that began last; named: its code for the addresses
    of the lists, where the reader has several (``Choice.named``).

    Counts come from stored lights (now) or from the transitions up to ``at``; reasons of the
    exceptions shown (at most ``shown``) are computed from the facts of that instant.
    """
    past = at is not None and at < now
    instant = at if at is not None and past else now
    frame = structure_at(instant, campaign)
    if frame is None:
        return None
    base = TaskFilter(at=instant if past else None, campaign=named)
    rows = base.apply(user, frame.campaign)
    then = then_at(frame.campaign, instant) if past else None
    tally = Tally(frame, base, rows, instant, then or TODAY)
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
    )


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
    rows: TaskQuerySet, frame: Structure, at: datetime, *, then: Then | None, shown: int
) -> list[TaskLine]:
    """Red and yellow tasks, worst first. The worst are found before anything is joined to them."""
    pressing = rows.with_light(Light.RED, Light.YELLOW).by_severity().values("pk")[:shown]
    found = Task.objects.lit(at if then else None).filter(pk__in=pressing).order_by()
    drawn = with_people(found, at).only(*DRAWN)
    lines = lines_of(drawn, policy=frame.policy, at=at, then=then)
    return sorted(lines, key=lambda line: (line.light != Light.RED, -line.days_late, line.task.pk))
