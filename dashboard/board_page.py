"""What the board's template draws. Every number carries the address of the list it counts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.words import TimeWords


@dataclass(frozen=True)
class Count:
    """How many tasks show one light; ``url`` lists exactly them."""

    light: str
    word: str
    number: int
    url: str


@dataclass(frozen=True)
class Tile:
    count: Count
    change: str
    context: str = ""


@dataclass(frozen=True)
class NextCheckpoint:
    title: str
    notes: tuple[str, ...] = ()
    waiting: int = 0
    waiting_url: str = ""


@dataclass(frozen=True)
class ExceptionRow:
    """One red or yellow task: what, whose, how late, why, who is waited for, what comes next."""

    code: str
    title: str
    url: str
    light: str
    word: str
    unit: str
    owner: str
    due: TimeWords | None
    reasons: tuple[str, ...]
    waits_for: str
    next_step: str
    judged: str = ""


@dataclass(frozen=True)
class TallyRow:
    """A block, unit or group with its number of tasks of each light."""

    name: str
    counts: tuple[Count, ...]
    total: int
    url: str
    note: str = ""
    mine: bool = False


@dataclass(frozen=True)
class Tally:
    """``name`` becomes part of an element's id."""

    name: str
    title: str
    rows: tuple[TallyRow, ...]


@dataclass(frozen=True)
class Week:
    label: str
    is_now: bool


@dataclass(frozen=True)
class Cell:
    """A milestone in the plan's own words; an empty cell of the plan has no ``url``."""

    words: str = ""
    light: str = ""
    word: str = ""
    url: str = ""
    is_now: bool = False


@dataclass(frozen=True)
class MatrixLine:
    """``in_time`` of ``due``: tasks of the row whose time is over and that were done within it."""

    name: str
    light: str
    word: str
    cells: tuple[Cell, ...]
    in_time: int
    due: int
    url: str


@dataclass(frozen=True)
class BoardPage:
    title: str
    place: str
    as_of: datetime
    past: bool
    now_url: str
    tiles: tuple[Tile, ...]
    next_checkpoint: NextCheckpoint | None
    exceptions: tuple[ExceptionRow, ...]
    exception_count: int
    exceptions_url: str
    by_block: Tally
    by_group: Tally
    by_unit: Tally
    weeks: tuple[Week, ...]
    matrix: tuple[MatrixLine, ...]
    total: int
    swept_at: datetime | None = None
    sweep_is_late: bool = False
    first_day: str = ""
    last_day: str = ""
    red: int = field(default=0)

    @property
    def fingerprint(self) -> str:
        """Equal for two moments at which the reader sees the same, whatever the clock says."""
        seen = [getattr(self, name) for name in self.__dataclass_fields__ if name not in CLOCKS]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


# They move on by themselves; nobody needs a new page for that alone.
CLOCKS = frozenset({"as_of", "swept_at"})
