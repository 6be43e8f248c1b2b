"""The weekly figures as a drawing and as a table: lines of what burns, what runs, what is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from campaign.models import Light
from campaign.selectors.board import Board
from campaign.selectors.trend import Trend, Week
from dashboard.links import task_list_url
from dashboard.words import LIGHT_ORDER, light_word

# Grey is what has not begun: it only mirrors the others, and its line would drown them.
DRAWN = (Light.RED, Light.YELLOW, Light.GREEN, Light.DONE)
WIDTH, HEIGHT = 420, 216
LEFT, RIGHT, TOP, BOTTOM = 26, 118, 12, 26
LINE_APART = 16  # of two labels at the lines' ends


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    number: int


@dataclass(frozen=True)
class Line:
    """One light over the weeks: ``points`` for a polyline, its marks, its name at the end."""

    light: str
    word: str
    points: str
    dots: tuple[Dot, ...]
    label_x: float
    label_y: float
    number: int


@dataclass(frozen=True)
class Tick:
    at: float
    words: str
    here: bool = False


@dataclass(frozen=True)
class Figure:
    light: str
    number: int
    url: str


@dataclass(frozen=True)
class TableRow:
    name: str
    figures: tuple[Figure, ...]
    here: bool = False


@dataclass(frozen=True)
class TrendPage:
    """``rows`` is the table with the same figures. Whether they are the published ones or the
    reader's own is not said for each reader: it would tell that tasks are hidden from him."""

    rows: tuple[TableRow, ...]
    lines: tuple[Line, ...]
    weeks: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    title: str
    view: str = f"0 0 {WIDTH} {HEIGHT}"
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM
    week_y: int = HEIGHT - 8


def trend_page(trend: Trend, board: Board) -> TrendPage:
    """The frozen weeks, and this moment as a last point that is not frozen."""
    now = {one.light: one.count for one in board.lights}
    series = [*(week.counts for week in trend.weeks), now]
    places = _places(trend.weeks, board)
    top = _ceiling(max((row[light] for row in series for light in DRAWN), default=0))
    return TrendPage(
        rows=_rows(trend.weeks, board),
        lines=_lines(series, places, top) if trend.weeks else (),
        weeks=_week_ticks(board),
        levels=tuple(Tick(_y(level, top), str(level)) for level in (0, top // 2, top)),
        title=_title(series),
    )


def _places(weeks: tuple[Week, ...], board: Board) -> list[float]:
    """Where each week ends, and where this moment lies, from left to right."""
    count = max(len(board.phases), 1)
    step = (WIDTH - LEFT - RIGHT) / count
    ends = [LEFT + week.no * step for week in weeks]
    share = min(max(board.day_number / board.campaign.days, 0), 1)
    here = LEFT + share * count * step
    return [*ends, max(here, (ends[-1] if ends else LEFT) + 8)]


def _ceiling(most: int) -> int:
    """A round number above the highest point, even, so that its half is one too."""
    step = 2
    while most > step * 5:
        step = step * 5 if str(step).startswith("2") else step * 2
    return max(step, -(-most // step) * step)


def _y(number: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * number / top, 1)


def _lines(series: list[dict[str, int]], places: list[float], top: int) -> tuple[Line, ...]:
    ends = _apart({light: _y(series[-1][light], top) for light in DRAWN})
    found = []
    for light in reversed(DRAWN):  # what burns is drawn last, over the others
        dots = tuple(
            Dot(round(x, 1), _y(row[light], top), row[light])
            for x, row in zip(places, series, strict=True)
        )
        points = " ".join(f"{dot.x},{dot.y}" for dot in dots)
        word, number = light_word(light), series[-1][light]
        found.append(Line(light, word, points, dots, dots[-1].x + 12, ends[light], number))
    return tuple(found)


def _apart(ends: dict[str, float]) -> dict[str, float]:
    """The same heights moved apart, so that no label covers another; the lowest stays highest up."""
    placed: dict[str, float] = {}
    floor = HEIGHT - BOTTOM - LINE_APART * (len(ends) - 1)
    last = float("-inf")
    for number, (light, y) in enumerate(sorted(ends.items(), key=lambda pair: pair[1])):
        last = max(min(y, floor + LINE_APART * number), last + LINE_APART)
        placed[light] = round(last + 4, 1)
    return placed


def _week_ticks(board: Board) -> tuple[Tick, ...]:
    count = max(len(board.phases), 1)
    step = (WIDTH - LEFT - RIGHT) / count
    here = board.phase.no if board.phase else 0
    return tuple(
        Tick(round(LEFT + (phase.no - 0.5) * step, 1), str(phase.no), phase.no == here)
        for phase in board.phases
    )


def _rows(weeks: tuple[Week, ...], board: Board) -> tuple[TableRow, ...]:
    kept = [
        TableRow(
            week.label,
            tuple(
                Figure(light, week.counts[light], task_list_url(f"{week.query}&light={light}"))
                for light in LIGHT_ORDER
            ),
        )
        for week in weeks
    ]
    counts = {one.light: one for one in board.lights}
    now = tuple(
        Figure(light, counts[light].count, task_list_url(counts[light].query))
        for light in LIGHT_ORDER
    )
    return (*kept, TableRow(_("At that moment") if board.past else _("Now"), now, here=True))


def _title(series: list[dict[str, int]]) -> str:
    """What the drawing says, for whoever cannot see it."""
    said = [
        _("%(light)s: %(numbers)s")
        % {"light": light_word(light), "numbers": ", ".join(str(row[light]) for row in series)}
        for light in DRAWN
    ]
    return _("Tasks by light at the end of each week, and now. %(lines)s") % {
        "lines": "; ".join(said)
    }
