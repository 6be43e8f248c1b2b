"""The six-clear matrix: tasks × what has to be clear, and what each of them lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, JSONObject

from campaign.models import Campaign, Product, Task, TaskUnit
from campaign.models.light import SEVERITY
from campaign.models.tasks import TaskQuerySet
from campaign.rules import Policy
from campaign.selectors.filters import OPEN, TaskFilter
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import TODAY, Then
from campaign.services.tasks import CLEAR_OF, lacking_codes
from security.models import User

_WITHOUT_PRODUCT = ~Exists(Product.objects.filter(task=OuterRef("pk")))
# What each of the six lacks, as ``lacking_codes`` says it of one task; a lead or an owner that is
# gone is lacking too.
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
    "person": ("owner_name", "lead_name", "code", "pk"),
    "time": ("deadline", "code", "pk"),
    "unit": ("lead_name", "code", "pk"),
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
        return frozenset(CLEAR_OF[code] for code in lacking_codes(self.task, self.products))

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


def lacking_at(then: Then) -> dict[str, Q]:
    """LACKING, with the person that a task handed over since had then."""
    if not then.units:
        return LACKING
    unclear = [
        pk
        for pk, unit in then.units.items()
        if unit.collective or unit.dissolved_on is not None or not then.owners[pk].is_active
    ]
    moved = Q(pk__in=list(then.units))
    person = (~moved & LACKING["person"]) | Q(pk__in=unclear) | (moved & Q(lead_named=False))
    return {**LACKING, "person": person}


def six_rows(
    user: User, campaign: Campaign, chosen: TaskFilter, lacks: str = "", then: Then = TODAY
) -> TaskQuerySet:
    """Drafts and the board together, unless the filter names a state; ``lacks``: one of SIX."""
    everything = not chosen.state and not chosen.light and chosen.at is None
    rows = (chosen.but(state=OPEN) if everything else chosen).apply(user, campaign)
    return rows.filter(lacking_at(then)[lacks]) if lacks in LACKING else rows


def gaps_of(rows: TaskQuerySet, then: Then = TODAY) -> Gaps:
    """One query over all rows of ``six_rows``."""
    known = lacking_at(then)
    counts = {name: Count("pk", filter=lacking) for name, lacking in known.items()}
    anything = Q()
    for lacking in known.values():
        anything |= lacking
    found = rows.order_by().aggregate(
        total=Count("pk"), unclear=Count("pk", filter=anything), **counts
    )
    return Gaps(
        total=found["total"],
        clear=found["total"] - found["unclear"],
        lacking={name: found[name] for name in SIX},
    )


def in_order(
    rows: TaskQuerySet, sort: str, *, backwards: bool = False, then: Then = TODAY
) -> TaskQuerySet:
    """By one of SORTS; ``gaps`` (unclear tasks first, then the worst light) for any other."""
    lit = "lit" if "lit" in rows.query.annotations else "light"
    whens = [When(**{lit: light}, then=Value(rank)) for light, rank in SEVERITY.items()]
    rows = rows.alias(
        rank=Case(*whens, default=Value(4), output_field=IntegerField()),
        pressing=Coalesce("presses_at", "deadline"),
        lead_name=then.lead("name"),
        owner_name=then.owner("full_name"),
    )
    keys = SORTS.get(sort, SORTS["gaps"])
    if "-gaps" in keys:
        one = [Case(When(lacking, then=1), default=0) for lacking in lacking_at(then).values()]
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
