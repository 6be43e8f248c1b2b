"""The matrices of a plan: six-clear, progress, responsibility by block, unit × group.

Everything is counted over what the reader may see, in a number of queries that no number of
tasks raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    Min,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject

from campaign.models import Block, Campaign, Light, Product, Task, TaskUnit
from campaign.models.light import SEVERITY
from campaign.models.tasks import TaskQuerySet
from campaign.rules import Policy
from campaign.selectors.filters import OPEN, TaskFilter
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import Then, with_lead
from campaign.selectors.structure import Named, Structure
from campaign.selectors.tally import Matrix, MatrixLine, Slice
from security.models import User

# --- six-clear --------------------------------------------------------------------------

_WITHOUT_PRODUCT = ~Exists(Product.objects.filter(task=OuterRef("pk")))
# What each of the six lacks; a lead or an owner that is gone is lacking too.
LACKING: dict[str, Any] = {
    "work": Q(title=""),
    "person": Q(owner=None)
    | Q(owner__is_active=False)
    | Q(lead_named=False)
    | Q(unit__collective=True)
    | Q(unit__dissolved_on__isnull=False),
    "responsibility": Q(responsibility=""),
    "process": Q(process=""),
    "time": Q(start=None) | Q(deadline=None),
    "product": Q(_WITHOUT_PRODUCT),
}
SIX = tuple(LACKING)

SORTS = {
    "gaps": ("-gaps", "rank", "pressing", "pk"),
    "light": ("rank", "pressing", "pk"),
    "work": ("code", "pk"),
    "person": ("owner__full_name", "unit__name", "code", "pk"),
    "time": ("deadline", "code", "pk"),
    "unit": ("unit__name", "code", "pk"),
}


@dataclass(frozen=True)
class Partner:
    """A unit that coordinates, or leads the named part."""

    code: str
    name: str
    part: str


@dataclass(frozen=True)
class SixLine:
    """A task in the six-clear matrix. lacks: which of the six are not clear."""

    line: TaskLine
    products: tuple[str, ...]
    partners: tuple[Partner, ...]

    @property
    def task(self) -> Task:
        return self.line.task

    @property
    def lacks(self) -> frozenset[str]:
        task = self.task
        lacking = {
            "work": not task.title,
            "person": task.owner is None or self.owner_left or bool(self.lead_problem),
            "responsibility": not task.responsibility,
            "process": not task.process,
            "time": task.start is None or task.deadline is None,
            "product": not self.products,
        }
        return frozenset(name for name, missing in lacking.items() if missing)

    @property
    def owner_left(self) -> bool:
        return self.task.owner is not None and not self.task.owner.is_active

    @property
    def lead_problem(self) -> str:
        """Why the lead is no clear one: unnamed, collective, dissolved; "" if it is."""
        if not self.task.lead_named:
            return "unnamed"
        if self.task.unit.dissolved_on is not None:
            return "dissolved"
        return "collective" if self.task.unit.collective else ""


@dataclass(frozen=True)
class Gaps:
    """Over all tasks that fit the filter: how many there are, and how many lack each of the six."""

    total: int
    clear: int
    lacking: dict[str, int]


def six_rows(user: User, campaign: Campaign, chosen: TaskFilter, lacks: str = "") -> TaskQuerySet:
    """Drafts and the board together, unless the filter names a state; ``lacks``: one of SIX."""
    everything = not chosen.state and not chosen.light and chosen.at is None
    rows = (chosen.but(state=OPEN) if everything else chosen).apply(user, campaign)
    return rows.filter(LACKING[lacks]) if lacks in LACKING else rows


def gaps_of(rows: TaskQuerySet) -> Gaps:
    """One query over all rows of ``six_rows``."""
    counts = {name: Count("pk", filter=lacking) for name, lacking in LACKING.items()}
    anything = Q()
    for lacking in LACKING.values():
        anything |= lacking
    found = rows.order_by().aggregate(
        total=Count("pk"), unclear=Count("pk", filter=anything), **counts
    )
    return Gaps(
        total=found["total"],
        clear=found["total"] - found["unclear"],
        lacking={name: found[name] for name in SIX},
    )


def in_order(rows: TaskQuerySet, sort: str, *, backwards: bool = False) -> TaskQuerySet:
    """By one of SORTS; ``gaps`` (unclear tasks first, then the worst light) for any other."""
    lit = "lit" if "lit" in rows.query.annotations else "light"
    whens = [When(**{lit: light}, then=Value(rank)) for light, rank in SEVERITY.items()]
    rows = rows.alias(
        rank=Case(*whens, default=Value(4), output_field=IntegerField()),
        pressing=Coalesce("presses_at", "deadline"),
    )
    keys = SORTS.get(sort, SORTS["gaps"])
    if "-gaps" in keys:
        one = [Case(When(lacking, then=1), default=0) for lacking in LACKING.values()]
        rows = rows.alias(gaps=sum(one[1:], one[0]))
    if backwards:
        keys = tuple(key[1:] if key.startswith("-") else f"-{key}" for key in keys)
    return rows.order_by(*keys)


def six_lines(
    rows: TaskQuerySet, *, policy: Policy, at: datetime, then: Then | None = None
) -> list[SixLine]:
    """Lines of these rows, ordered and sliced. Four queries. then: of a past instant.

    Which rows is found first and what they show then: ten thousand are put in order without it.
    """
    ids = list(rows.values_list("pk", flat=True))
    titles = Product.objects.filter(task=OuterRef("pk")).order_by("position").values("title")
    units = TaskUnit.objects.filter(task=OuterRef("pk")).order_by("pk")
    words = JSONObject(code="unit__code", name="unit__name", part="part")
    found = Task.objects.lit(at) if then is not None else Task.objects.all()
    drawn = with_people(found.filter(pk__in=ids), at).annotate(
        titles=ArraySubquery(titles), partners=ArraySubquery(units.values(words=words))
    )
    lines = lines_of(drawn.order_by(), policy=policy, at=at, then=then)
    places = {pk: place for place, pk in enumerate(ids)}
    return [_six_line(line) for line in sorted(lines, key=lambda line: places[line.task.pk])]


def _six_line(line: TaskLine) -> SixLine:
    drawn: Any = line.task
    return SixLine(line, tuple(drawn.titles), tuple(Partner(**one) for one in drawn.partners))


# --- progress ---------------------------------------------------------------------------

PROGRESS_SORTS = ("no", "light", "done", "name")


COUNTED_BY = ("lit", "matrix_row_id", "phase_id", "kind")


def progress_lines(
    rows: TaskQuerySet, frame: Structure, base: TaskFilter, at: datetime, sort: str = "no"
) -> list[MatrixLine]:
    """Rows of the plan's progress matrix that have tasks the reader may see. One query.

    The board's own matrix, without its counts by unit.
    """
    matrix, over = Matrix(frame, base, at), Q(deadline__lte=at)
    sums = {
        "n": Count("pk"),
        "late": Count("pk", filter=Q(late_days__gt=0)),
        "due": Count("pk", filter=over),
        "kept": Count("pk", filter=over & Q(late_days=0)),
        "words": Min("focus"),
        "first": Min("pk"),
    }
    counted = rows.order_by().values(*COUNTED_BY).annotate(**sums)
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
        else Slice("", "")
        for part in columns
    ]
    return UnitLine(code, name, here.query, cells, Slice(code, name, query=here.query))


def group_totals(rows: TaskQuerySet, frame: Structure, base: TaskFilter) -> list[Slice]:
    """Sums of each column over all units, the last one over everything. One query."""
    sums = [Slice(str(g.no), g.name, query=base.but(group=g.no).query) for g in frame.groups]
    sums += [Slice("", ""), Slice("", "", query=base.query)]
    places = {group.pk: place for place, group in enumerate(frame.groups)}
    counted = rows.order_by().values_list("group_id", "lit").annotate(n=Count("pk"))
    for group, lit, n in counted:
        sums[places.get(group, len(sums) - 2)].counts[lit] += n
        sums[-1].counts[lit] += n
    return sums
