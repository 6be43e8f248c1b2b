"""Deadlines, checkpoints and briefings by day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Window
from django.db.models.functions import RowNumber, TruncDate

from campaign.models import Light, Phase, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import MICROSECOND, ZONE, end_of, start_of
from campaign.selectors.past import deadline_at, product_deadline_at
from campaign.selectors.products import ProductLine, product_lines
from campaign.selectors.structure import Structure
from security.models import User

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """Something of the plan itself: a briefing, the beginning of a week or of the campaign."""

    kind: str  # briefing, closing, week, start, end
    phase: Phase | None = None


@dataclass
class Day:
    """A day: its events, how many tasks are due by colour, and the most pressing of them; of the
    products with a date of their own some, and how many there are."""

    day: date
    events: list[Event] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    tasks: list[Task] = field(default_factory=list)
    products: list[ProductLine] = field(default_factory=list)
    product_total: int = 0

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def more(self) -> int:
        """Tasks that are due and not named."""
        return self.total - len(self.tasks)

    @property
    def bars(self) -> list[tuple[str, int]]:
        return [(light, self.counts[light]) for light in Light.values if self.counts[light]]

    @property
    def empty(self) -> bool:
        return not (self.events or self.total or self.products)


def due_between(
    rows: TaskQuerySet, first: date, last: date, *, past: datetime | None
) -> TaskQuerySet:
    """Tasks whose last day in time lies there, with it as ``day``; past: the instant of ``rows``,
    None for now."""
    dated = rows.annotate(bound=deadline_at(past))
    within = dated.filter(bound__gt=start_of(first), bound__lte=end_of(last, before=False))
    return within.annotate(day=_last_day("bound"))  # type: ignore[no-any-return]


def _last_day(column: str) -> TruncDate:
    before = ExpressionWrapper(F(column) - MICROSECOND, output_field=DateTimeField())
    return TruncDate(before, tzinfo=ZONE)


def days_between(
    user: User,
    frame: Structure,
    rows: TaskQuerySet,
    span: tuple[date, date],
    *,
    at: datetime,
    past: datetime | None,
    shown: int,
    places: range,
) -> list[Day]:
    """Every day of ``span``, with at most ``shown`` tasks of each named. Five queries.

    at: the instant of ``rows``; past: the same, None if it is now. places: which products of each
    day are named, the first being 1.
    """
    first, last = span
    days = {first + n * DAY: Day(first + n * DAY) for n in range((last - first).days + 1)}
    for day, event in events_of(frame):
        if day in days:
            days[day].events.append(event)
    due = due_between(rows, first, last, past=past)
    for day, lit, n in due.order_by().values_list("day", "lit").annotate(n=Count("pk")):
        days[day].counts[lit] += n
    for task in _named(due, shown):
        days[task.day].tasks.append(task)  # type: ignore[attr-defined]
    for line in _products(user, frame, rows, (first, last), places, at=at, past=past):
        box = days[line.product.day]  # type: ignore[attr-defined]
        box.products.append(line)
        box.product_total = line.product.of_day  # type: ignore[attr-defined]
    return list(days.values())


def events_of(frame: Structure) -> list[tuple[date, Event]]:
    found = [(frame.campaign.start, Event("start")), (frame.campaign.end, Event("end"))]
    found += [(phase.start, Event("week", phase)) for phase in frame.phases]
    found += [(one.day, Event("closing" if one.closing else "briefing")) for one in frame.briefings]
    return found


def _named(due: TaskQuerySet, shown: int) -> list[Task]:
    """The most pressing tasks of each day, chosen by the database."""
    place = Window(
        RowNumber(),
        partition_by=[F("day")],
        order_by=[F("severity").asc(), F("bound").asc(), F("pk").asc()],
    )
    rows = due.by_severity().annotate(place=place).filter(place__lte=shown)
    return list(rows.order_by("day", "place").select_related("unit"))


def _products(
    user: User,
    frame: Structure,
    rows: TaskQuerySet,
    span: tuple[date, date],
    places: range,
    *,
    at: datetime,
    past: datetime | None,
) -> list[ProductLine]:
    """Products with a date of their own; those that share their task's stand in its line.

    Of each day those at ``places``, with the number of all of them as ``of_day``.
    """
    first, last = span
    own = (
        Product.objects.visible_to(user)
        .filter(task__in=rows.order_by().values("pk"), deadline__isnull=False)
        .annotate(bound=product_deadline_at(past))
        .filter(bound__gt=start_of(first), bound__lte=end_of(last, before=False))
        .exclude(bound=deadline_at(past, task="task__"))
        .annotate(day=_last_day("bound"))
    )
    order = [F("bound").asc(), F("pk").asc()]
    placed = own.annotate(
        place=Window(RowNumber(), partition_by=[F("day")], order_by=order),
        of_day=Window(Count("pk"), partition_by=[F("day")]),
    )
    named = placed.filter(place__gte=places.start, place__lt=places.stop).order_by("day", "place")
    return product_lines(named, policy=frame.policy, at=at, past=past is not None)
