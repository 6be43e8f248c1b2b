"""When somebody's reading is unusual enough to be looked at. Pure: no Django, no clock.

Plain rules with plain figures, so that whoever is asked about his reading can be told why. They
judge nobody: a person looks at the rows and decides what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

DAY_BEGINS, DAY_ENDS = 6, 20  # hours; work outside is remarkable


@dataclass(frozen=True)
class Bounds:
    """From which figure on something is shown."""

    records: int = 40  # records opened in a day
    rows: int = 1000  # rows shown by lists in a day
    times: int = 3  # so many times what is usual
    out_of_hours: int = 5  # records opened at night, in a day
    foreign_units: int = 4  # units neither above nor below one's own
    denials: int = 5


BOUNDS = Bounds()


@dataclass(frozen=True)
class DayOfReading:
    """What one person read in one day."""

    records: int = 0
    rows: int = 0
    out_of_hours: int = 0
    foreign_units: int = 0
    denials: int = 0


@dataclass(frozen=True)
class Usual:
    """What is usual in a day: one's own on the days one read at all, and that of one's peers."""

    own: float = 0
    peers: float = 0


@dataclass(frozen=True)
class Sign:
    """One reason to look. code: records, rows, hours, units or denials; bound: shown from here on.

    usual: what the figure was compared with, where it was.
    """

    code: str
    figure: int
    bound: int
    usual: Usual | None = None


def signs_of(
    day: DayOfReading, *, records: Usual, rows: Usual, bounds: Bounds = BOUNDS
) -> list[Sign]:
    """Every reason to look at this day, the volume first; empty for an ordinary one.

    A volume counts only if it is large in itself *and* several times one's own usual *and* several
    times the peers': whoever reads much every day, or reads what all around him read, is no news.
    """
    signs = []
    for code, figure, least, usual in (
        ("records", day.records, bounds.records, records),
        ("rows", day.rows, bounds.rows, rows),
    ):
        if figure >= least and figure > bounds.times * max(usual.own, usual.peers):
            signs.append(Sign(code, figure, least, usual))
    for code, figure, least in (
        ("hours", day.out_of_hours, bounds.out_of_hours),
        ("units", day.foreign_units, bounds.foreign_units),
        ("denials", day.denials, bounds.denials),
    ):
        if figure >= least:
            signs.append(Sign(code, figure, least))
    return signs


def is_out_of_hours(hour: int) -> bool:
    """Before six or from eight in the evening on."""
    return not DAY_BEGINS <= hour < DAY_ENDS


def is_foreign(object_path: str, own_path: str) -> bool:
    """Whether a row lies neither in one's own unit or below it, nor in one above it."""
    if not object_path or not own_path:
        return False
    return not (object_path.startswith(own_path) or own_path.startswith(object_path))


def usual(figures: Iterable[int]) -> float:
    """The middle of the figures that are not zero; 0 where there are none."""
    counted = sorted(figure for figure in figures if figure > 0)
    return float(median(counted)) if counted else 0.0


def peers_of(mine: str, people: Sequence[tuple[int, str]], me: int, *, least: int = 3) -> list[int]:
    """Whom somebody is compared with: those of his unit, or everybody where these are too few.

    people: (id, path of the unit). Never himself.
    """
    near = [pk for pk, path in people if path == mine and pk != me]
    return near if len(near) >= least else [pk for pk, _path in people if pk != me]
