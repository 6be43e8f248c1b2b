"""The matrices of counts: progress, responsibility by block, unit × group.

Everything is counted over what the reader may see, in a number of queries that no number of
tasks raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import (
    Count,
    Min,
    Q,
)
from django.utils.translation import gettext as _

from campaign.models import Block, Campaign, Light
from campaign.models.light import SEVERITY
from campaign.models.tasks import TaskQuerySet
from campaign.selectors.filters import NO_GROUP, TaskFilter
from campaign.selectors.past import Then, deadline_at, with_lead
from campaign.selectors.saved import plain
from campaign.selectors.structure import Named, Structure
from campaign.selectors.tally import Matrix, MatrixLine, Slice

# --- progress ---------------------------------------------------------------------------

PROGRESS_SORTS = ("no", "light", "done", "name")


COUNTED_BY = ("lit", "matrix_row_id", "phase_id", "kind")


def progress_lines(
    rows: TaskQuerySet, frame: Structure, base: TaskFilter, at: datetime, sort: str = "no"
) -> list[MatrixLine]:
    """Rows of the plan's progress matrix that have tasks the reader may see. One query.

    The board's own matrix, without its counts by unit.
    """
    matrix, over = Matrix(frame, base, at), Q(bound__lte=at)
    sums = {
        "n": Count("pk"),
        "late": Count("pk", filter=Q(late_days__gt=0)),
        "due": Count("pk", filter=over),
        "kept": Count("pk", filter=over & Q(late_days=0)),
        "words": Min("focus"),
        "first": Min("pk"),
    }
    dated = rows.alias(bound=deadline_at(base.at)).order_by()
    counted = dated.values(*COUNTED_BY).annotate(**sums)
    for row in counted.values_list(*COUNTED_BY, *sums, named=True):
        matrix.add(row)
    lines = [line for line in matrix.lines.values() if line.total]
    if sort == "light":
        return sorted(lines, key=lambda line: (_rank(line.light), line.row.no))
    if sort == "done":
        return sorted(lines, key=lambda line: (line.done / line.total, line.row.no))
    if sort == "name":
        return sorted(lines, key=lambda line: line.row.name)
    return lines


def _rank(light: str) -> int:
    return SEVERITY.get(Light(light), 4) if light else 4


# --- responsibility ---------------------------------------------------------------------


@dataclass(frozen=True)
class BlockLine:
    """A block of the plan with what its deputy head answers for, and its tasks by colour."""

    block: Block
    slice: Slice


BLOCK_SORTS = ("no", "light", "total", "name")


def block_lines(
    rows: TaskQuerySet, campaign: Campaign, base: TaskFilter, sort: str = "no"
) -> list[BlockLine]:
    """Two queries. Who is in charge, what is answered for and by when is the plan's own text."""
    blocks = Block.objects.filter(campaign=campaign).select_related("deputy", "standing_unit")
    lines = [
        BlockLine(block, Slice(str(block.no), block.name, query=base.but(block=block.no).query))
        for block in blocks.order_by("no")
    ]
    places = {line.block.pk: line.slice.counts for line in lines}
    for block, lit, n in rows.order_by().values_list("block_id", "lit").annotate(n=Count("pk")):
        if block in places:
            places[block][lit] += n
    if sort == "light":
        return sorted(
            lines, key=lambda one: (_rank(one.slice.light), -one.slice.counts[one.slice.light])
        )
    if sort == "total":
        return sorted(lines, key=lambda one: -one.slice.total)
    if sort == "name":
        return sorted(lines, key=lambda one: one.block.name)
    return lines


# --- unit × group -----------------------------------------------------------------------


@dataclass
class UnitLine:
    """A lead unit: its tasks by colour in each group, and altogether."""

    code: str
    name: str
    query: str
    cells: list[Slice]
    all: Slice = field(default_factory=lambda: Slice("", ""))


UNIT_SORTS = ("name", "total", "red", "yellow")


def unit_totals(rows: TaskQuerySet, then: Then, sort: str = "red") -> list[tuple[str, str]]:
    """(code, name) of every lead unit in order: most red first by default. One query."""
    counts = {
        "total": Count("pk"),
        "red": Count("pk", filter=Q(lit=Light.RED)),
        "yellow": Count("pk", filter=Q(lit=Light.YELLOW)),
    }
    keys = {
        "name": ("lead_name", "lead_code"),
        "total": ("-total", "lead_name", "lead_code"),
        "yellow": ("-yellow", "-red", "lead_name", "lead_code"),
    }.get(sort, ("-red", "-yellow", "lead_name", "lead_code"))
    grouped = with_lead(rows, then).order_by().values("lead_code", "lead_name").annotate(**counts)
    return list(grouped.order_by(*keys).values_list("lead_code", "lead_name"))


def unit_lines(
    rows: TaskQuerySet, then: Then, units: list[tuple[str, str]], frame: Structure, base: TaskFilter
) -> list[UnitLine]:
    """The lines of these units, one cell a group and one for tasks of no group. One query."""
    columns: list[Named | None] = [*frame.groups, None]
    lines = {code: _unit_line(code, name, columns, base) for code, name in units}
    counted = (
        with_lead(rows, then)
        .filter(lead_code__in=list(lines))
        .order_by()
        .values_list("lead_code", "group_id", "lit")
        .annotate(n=Count("pk"))
    )
    places = {part.pk if part else None: place for place, part in enumerate(columns)}
    for code, group, lit, n in counted:
        line = lines[code]
        line.cells[places.get(group, len(columns) - 1)].counts[lit] += n
        line.all.counts[lit] += n
    return list(lines.values())


def _unit_line(code: str, name: str, columns: Iterable[Named | None], base: TaskFilter) -> UnitLine:
    here = base.but(unit=code)
    cells = [
        Slice(str(part.no), part.name, query=here.but(group=part.no).query)
        if part
        else Slice("", _("No group"), query=here.but(group=NO_GROUP).query)
        for part in columns
    ]
    return UnitLine(code, name, here.query, cells, Slice(code, name, query=here.query))


def group_totals(rows: TaskQuerySet, frame: Structure, base: TaskFilter) -> list[Slice]:
    """Sums of each column over all units, the last one over everything. One query."""
    sums = [Slice(str(g.no), g.name, query=base.but(group=g.no).query) for g in frame.groups]
    sums.append(Slice("", _("No group"), query=base.but(group=NO_GROUP).query))
    sums.append(Slice("", "", query=plain(base.query)))
    places = {group.pk: place for place, group in enumerate(frame.groups)}
    counted = rows.order_by().values_list("group_id", "lit").annotate(n=Count("pk"))
    for group, lit, n in counted:
        sums[places.get(group, len(sums) - 2)].counts[lit] += n
        sums[-1].counts[lit] += n
    return sums
