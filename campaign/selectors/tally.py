"""Counts of the board by light, group, block, unit and matrix cell, from one statement."""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from campaign.models import Light, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE, worst
from campaign.selectors.filters import TaskFilter
from campaign.selectors.past import Then, deadline_at, with_lead
from campaign.selectors.structure import Named, Structure
from campaign.services.lights import SWEEP_LATE_AFTER


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


PLACED = ("group_id", "block_id", "matrix_row_id", "phase_id", "kind")
LED = ("lead_code", "lead_name")
SUMMED = ("late_days", "bound", "next_change_at", "focus", "pk")
# Counted by place in the plan and by lead unit in one pass. Together they would be as many rows as
# there are tasks, once five hundred units have some.
_COUNTED = """
SELECT lit, {placed}, {led}, count(*) AS n,
    count(*) FILTER (WHERE late_days > 0) AS late,
    count(*) FILTER (WHERE bound <= %s) AS due,
    count(*) FILTER (WHERE bound <= %s AND late_days = 0) AS kept,
    min(next_change_at) AS next_change, min(focus) AS words, min(pk) AS first,
    grouping(kind) = 1 AS by_unit
FROM ({tasks}) AS task
GROUP BY GROUPING SETS ((lit, {placed}), (lit, {led}))
"""


class Tally:
    """All counts of the board from one pass over its tasks."""

    def __init__(
        self, frame: Structure, base: TaskFilter, rows: TaskQuerySet, at: datetime, then: Then
    ) -> None:
        self.lights: Counter[str] = Counter()
        self.groups = _slices(frame.groups, base, "group")
        self.blocks = _slices(frame.blocks, base, "block")
        self.units: dict[str, Slice] = {}
        # By week of the plan (id of the phase); tasks that run through all weeks are in none.
        self.weeks: dict[int, Counter[str]] = {}
        self.matrix = Matrix(frame, base, at)
        self.done_late = 0
        self._next: datetime | None = None
        dated = rows.annotate(bound=deadline_at(base.at))
        for row in _counted(with_lead(dated, then), at):
            if row.by_unit:
                self._add_unit(row, base)
            else:
                self._add(row)

    def _add_unit(self, row: Any, base: TaskFilter) -> None:
        unit = self.units.get(row.lead_code)
        if unit is None:
            query = base.but(unit=row.lead_code).query
            unit = self.units[row.lead_code] = Slice(row.lead_code, row.lead_name, query=query)
        unit.counts[row.lit] += row.n

    def _add(self, row: Any) -> None:
        self.lights[row.lit] += row.n
        for part in (self.groups.get(row.group_id), self.blocks.get(row.block_id)):
            if part is not None:
                part.counts[row.lit] += row.n
        if row.phase_id:
            self.weeks.setdefault(row.phase_id, Counter())[row.lit] += row.n
        if row.lit == Light.DONE:
            self.done_late += row.late
        if row.next_change and (self._next is None or row.next_change < self._next):
            self._next = row.next_change
        self.matrix.add(row)

    def late_since(self, now: datetime) -> datetime | None:
        """Since when a change waits for the sweep, if it waits too long."""
        if self._next is not None and self._next < now - SWEEP_LATE_AFTER:
            return self._next
        return None


def _counted(rows: TaskQuerySet, at: datetime) -> list[Any]:
    """Rows of _COUNTED; none where the reader may see nothing at all."""
    tasks = rows.order_by().values("lit", *PLACED, *LED, *SUMMED)
    try:
        inner, params = tasks.query.sql_with_params()
    except EmptyResultSet:
        return []
    statement = _COUNTED.format(placed=", ".join(PLACED), led=", ".join(LED), tasks=inner)
    with connection.cursor() as cursor:
        cursor.execute(statement, [at, at, *params])
        row = namedtuple("Counted", [column.name for column in cursor.description])  # type: ignore[misc]
        return [row(*values) for values in cursor.fetchall()]


def _slices(parts: Iterable[Named], base: TaskFilter, name: str) -> dict[int | None, Slice]:
    return {
        part.pk: Slice(str(part.no), part.name, part.extra, base.but(**{name: part.no}).query)
        for part in parts
    }


class Matrix:
    """The progress matrix, filled from the rows of the tally."""

    def __init__(self, frame: Structure, base: TaskFilter, at: datetime) -> None:
        self.base = base
        self.lines = {
            row.pk: MatrixLine(row, [Cell(p.no) for p in frame.phases], base.but(row=row.no).query)
            for row in frame.rows
        }
        self.places = {p.pk: i for i, p in enumerate(frame.phases)}
        today = at.astimezone(ZONE).date()
        self.reached = {p.pk for p in frame.phases if p.start <= today}

    def add(self, row: Any) -> None:
        line, done = self.lines.get(row.matrix_row_id), row.lit == Light.DONE
        if line is None:
            return
        line.count(row.n, row.due, *((row.n, row.late, row.kept) if done else (0, 0, 0)))
        if row.kind == Task.Kind.MILESTONE and row.phase_id in self.places:
            self._fill(line, line.cells[self.places[row.phase_id]], row)
            if row.phase_id in self.reached:
                line.lights.add(row.lit)
        elif not done:
            line.lights.add(row.lit)

    def _fill(self, line: MatrixLine, cell: Cell, row: Any) -> None:
        if not cell.count or row.first < (cell.task_id or 0):
            cell.words, cell.task_id = row.words, row.first
        if not cell.query:
            here = self.base.but(row=line.row.no, week=cell.phase, kind=row.kind)
            cell.query = here.query
        cell.count += row.n
        cell.done_late += row.late if row.lit == Light.DONE else 0
        cell.lights.add(row.lit)
