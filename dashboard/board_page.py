"""What the board's template draws. Every number carries the address of the list it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dashboard.chase import Chase
from dashboard.checkpoint import NextCheckpoint
from dashboard.exceptions import ExceptionRow
from dashboard.fingerprint import fingerprint
from dashboard.moments import Moment
from dashboard.trend import TrendPage


@dataclass(frozen=True)
class Count:
    """How many tasks show one light; ``url`` lists exactly them."""

    light: str
    word: str
    number: int
    url: str


@dataclass(frozen=True)
class Tile:
    """``before``: how many had this light a week earlier, None where there was no week before;
    ``change``: by how many more or fewer, with its sign."""

    count: Count
    change: str
    before: int | None
    before_url: str
    late: int = 0
    late_url: str = ""


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
    """``name`` becomes part of an element's id; ``more`` rows are left out, the calmest ones."""

    name: str
    title: str
    rows: tuple[TallyRow, ...]
    more: int = 0
    more_url: str = ""


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
    task_id: int | None = None


@dataclass(frozen=True)
class MatrixLine:
    """``in_time`` of ``due``: tasks of the row whose deadline is over, and those done within it."""

    name: str
    light: str
    word: str
    cells: tuple[Cell, ...]
    in_time: int
    due: int
    due_url: str
    url: str


@dataclass(frozen=True)
class Scope:
    """A part of the campaign that the reader may turn to."""

    words: str
    url: str
    here: bool


@dataclass(frozen=True)
class BoardPage:
    title: str
    place: str
    past: bool
    home: str
    now_url: str
    keep: tuple[tuple[str, str], ...]
    scopes: tuple[Scope, ...]
    earlier: Moment | None
    later: Moment | None
    chases: tuple[Chase, ...]
    trend: TrendPage
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
    red: int
    tally_query: str
    first_day: str
    last_day: str
    sweep_is_late: bool = False
    as_of: datetime = field(metadata={"clock": True}, kw_only=True)
    swept_at: datetime | None = field(default=None, metadata={"clock": True}, kw_only=True)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self)

    @property
    def shown(self) -> list[int]:
        """Ids of the tasks that stand on the board one by one, and not as a number alone."""
        cells = {cell.task_id for line in self.matrix for cell in line.cells if cell.task_id}
        return sorted(cells | {row.task_id for row in self.exceptions})
