"""The drawing of a timeline: dates in, coordinates out. Pure; the template writes the SVG.

One section of the plan is one picture (a band). On paper a sheet breaks between two bands and
never through a row; on the screen they stand below each other without a gap, and an arrow that
crosses several is drawn in each of them, cut at the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

LABELS, WIDTH = 372, 1360  # px: column of the names, the whole picture
HEAD, ROW, TITLE = 58, 38, 30  # px: heights
BAR = 14
ROWS_IN_A_BAND = 14  # fits a sheet of A4 landscape beside its heading
DAYS_NAMED = 75  # more days than this have no number each
WEEKENDS = 190  # more days than this show no weekends
LETTERS = 53  # of a name on one line
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scale:
    """From days to pixels; ``last`` included. Days outside lie on the edge."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def day(self) -> float:
        return (WIDTH - LABELS - 8) / self.days

    def x(self, day: date) -> float:
        """Left edge of a day."""
        inside = min(max((day - self.first).days, 0), self.days)
        return LABELS + inside * self.day


def scale_of(first: date, last: date, days: Iterable[date]) -> Scale:
    """The campaign, and what lies outside it by no more than its own length."""
    span = last - first
    inside = [day for day in days if first - span <= day <= last + span]
    return Scale(min([first, *inside]), max([last, *inside]))


@dataclass(frozen=True)
class Tick:
    """A named stretch of the heading: a week of the plan, a month, a day."""

    x: str
    width: str
    middle: str
    label: str
    now: bool = False


@dataclass(frozen=True)
class Mark:
    """A checkpoint: a line through the whole picture. said: what it is, in words."""

    x: str
    label: str
    said: str
    closing: bool = False
    end: bool = False  # its day stands to the left of it


@dataclass(frozen=True)
class Stroke:
    """A row's bar. done: width of what has been reported. cut: it goes on beyond the picture."""

    y: int
    x: str
    width: str
    done: str
    cut: bool
    original: str = ""


@dataclass(frozen=True)
class Arrow:
    """From the end of what is waited for to the end of who waits. late: the first ends later."""

    path: str
    top: float
    bottom: float
    late: bool


@dataclass
class Band:
    """One picture. rows: (what the caller put in, its stroke); arrows are shifted by ``top``."""

    top: int
    title: object | None
    height: int = 0
    rows: list[tuple[object, Stroke]] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    @property
    def bottom(self) -> int:
        return self.top + self.height


def px(value: float) -> str:
    """A coordinate as SVG writes it, whatever the reader's language."""
    return f"{value:.1f}".removesuffix(".0")


def ticks(
    scale: Scale, weeks: Sequence[tuple[str, date, date]], today: date, months: Sequence[str]
) -> list[Tick]:
    """The heading's upper line: the plan's weeks, or months where there are none or many days."""
    if weeks and scale.days <= WEEKENDS:
        return [_tick(scale, a, b, label, now=a <= today <= b) for label, a, b in weeks]
    found, first = [], scale.first.replace(day=1)
    while first <= scale.last:
        following = (first + timedelta(days=32)).replace(day=1)
        label = months[first.month - 1] + (f"/{first.year}" if scale.days > 365 else "")
        now = first <= today < following
        found.append(_tick(scale, max(first, scale.first), following - DAY, label, now=now))
        first = following
    step = 1 + len(found) // 14
    return [tick for place, tick in enumerate(found) if place % step == 0]


def _tick(scale: Scale, first: date, last: date, label: str, *, now: bool) -> Tick:
    left, right = scale.x(first), scale.x(last + DAY)
    return Tick(px(left), px(right - left), px((left + right) / 2), label, now)


def day_ticks(scale: Scale, today: date) -> list[Tick]:
    """The number of each day, where they have room."""
    if scale.days > DAYS_NAMED:
        return []
    days = [scale.first + timedelta(days=n) for n in range(scale.days)]
    return [_tick(scale, day, day, str(day.day), now=day == today) for day in days]


def weekends(scale: Scale, height: int) -> str:
    """One path that shades Saturdays and Sundays."""
    if scale.days > WEEKENDS:
        return ""
    days = (scale.first + timedelta(days=n) for n in range(scale.days))
    return "".join(
        f"M{px(scale.x(day))} 0h{px(scale.day)}v{height}h-{px(scale.day)}z"
        for day in days
        if day.weekday() >= SATURDAY
    )


def marks(scale: Scale, days: Iterable[tuple[date, str, bool]]) -> list[Mark]:
    """Checkpoints within the picture, at the end of their day."""
    return [
        Mark(
            px(scale.x(day + DAY)),
            f"{day.day}/{day.month}",
            said,
            closing,
            scale.x(day + DAY) > WIDTH - 50,
        )
        for day, said, closing in days
        if scale.first <= day <= scale.last
    ]


def lines_through(found: Iterable[Mark], height: int) -> str:
    return "".join(f"M{mark.x} 0v{height}" for mark in found)


def stroke(
    scale: Scale, y: int, start: date, end: date, percent: int, original: date | None
) -> Stroke:
    """A bar in the row whose upper edge is ``y``; at least a few pixels wide."""
    left, right = scale.x(start), scale.x(end + DAY)
    width = max(right - left, 4.0)
    left = min(left, WIDTH - 8 - width)
    return Stroke(
        y=y,
        x=px(left),
        width=px(width),
        done=px(width * percent / 100),
        cut=end > scale.last or start < scale.first,
        original=px(scale.x(original + DAY)) if original else "",
    )


def arrow(scale: Scale, first: tuple[date, int], then: tuple[date, int]) -> Arrow:
    """(end, middle of the row) of what is waited for, and of who waits."""
    (end_a, y_a), (end_b, y_b) = first, then
    a, b = scale.x(end_a + DAY), scale.x(end_b + DAY)
    turn = min(max(a, b) + 9, WIDTH - 3)
    path = f"M{px(a)} {y_a}H{px(turn)}V{y_b}H{px(b + 2)}"
    return Arrow(path, min(y_a, y_b), max(y_a, y_b), late=end_a > end_b)


def two_lines(text: str, letters: int = LETTERS) -> tuple[str, str]:
    """A name on at most two lines; what does not fit ends in a mark at the end of a word."""
    first, rest = _broken(text.split(), letters)
    second, left = _broken(rest, letters - 1)
    return first, f"{second}…" if left else second


def _broken(words: list[str], letters: int) -> tuple[str, list[str]]:
    line = ""
    for place, word in enumerate(words):
        if line and len(line) + 1 + len(word) > letters:
            return line, words[place:]
        line = f"{line} {word}".strip()[:letters]
    return line, []
