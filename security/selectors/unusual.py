"""Days of unusual reading, for a person to look at (security.reading_rules says what is unusual)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, ExtractHour, TruncDate

from security.models import AuditEvent, User
from security.reading_rules import (
    BOUNDS,
    DAY_BEGINS,
    DAY_ENDS,
    DayOfReading,
    Sign,
    Usual,
    is_foreign,
    peers_of,
    signs_of,
    usual,
)
from security.selectors.trail import events_for, within

SHOWN_DAYS = 7
USUAL_DAYS = 28
SHOWN_AT_MOST = 200
DENIED = Q(decision=AuditEvent.Decision.DENIED)
OPENED = Q(action="read") & ~DENIED
# Pages taken out count as much as pages on a screen.
LISTED = Q(action__in=["list", "search", "export.downloaded"]) & ~DENIED


@dataclass(frozen=True)
class UnusualDay:
    """One person on one day, with every reason to look."""

    actor_id: int
    name: str
    unit: str
    day: date
    signs: list[Sign]

    @property
    def weight(self) -> int:
        return len(self.signs)


Figures = dict[tuple[int, date], DayOfReading]


def unusual_days(user: User, until: date) -> list[UnusualDay]:
    """The seven days up to ``until``, those with the most reasons first; three queries."""
    since = until - timedelta(days=SHOWN_DAYS - 1)
    events = events_for(user).exclude(actor_id=None)
    before = _volumes(events.filter(within(since - timedelta(days=USUAL_DAYS), since - DAY)))
    rows = list(_by_place(events.filter(within(since, until))))
    ids = {row["actor_id"] for row in rows} | {actor for actor, _day in before}
    people = {one.pk: one for one in User.objects.filter(pk__in=ids).select_related("unit")}
    shown = _figures(rows, people)
    own = _usual_of(before)
    names = {row["actor_id"]: row["actor_name"] for row in rows}
    found = []
    for (actor, day), figures in shown.items():
        # To compare somebody with all around him takes a look at all of them: only where it counts.
        is_much = figures.records >= BOUNDS.records or figures.rows >= BOUNDS.rows
        records, listed = _compared(actor, people, own) if is_much else (Usual(), Usual())
        signs = signs_of(figures, records=records, rows=listed)
        if signs:
            name, unit = _called(actor, names, people)
            found.append(UnusualDay(actor, name, unit, day, signs))
    found.sort(key=lambda one: (-one.weight, -one.day.toordinal(), one.name))
    return found[:SHOWN_AT_MOST]


DAY = timedelta(days=1)


def _by_place(events: QuerySet[AuditEvent]) -> Any:
    """Per person, day and place of the object."""
    night = Q(hour__lt=DAY_BEGINS) | Q(hour__gte=DAY_ENDS)
    return (
        events.annotate(day=TruncDate("at"), hour=ExtractHour("at"))
        .order_by()
        .values("actor_id", "actor_name", "day", "object_path")
        .annotate(
            records=Count("id", filter=OPENED),
            rows=Coalesce(Sum(_length(), filter=LISTED), Value(0)),
            night=Count("id", filter=OPENED & night),
            denials=Count("id", filter=DENIED),
        )
    )


def _volumes(events: QuerySet[AuditEvent]) -> dict[tuple[int, date], tuple[int, int]]:
    """Records opened and rows listed, per person and day."""
    rows = (
        events.filter(OPENED | LISTED)
        .annotate(day=TruncDate("at"))
        .order_by()
        .values_list("actor_id", "day")
        .annotate(
            records=Count("id", filter=OPENED),
            rows=Coalesce(Sum(_length(), filter=LISTED), Value(0)),
        )
    )
    return {(actor, day): (records, shown) for actor, day, records, shown in rows}


def _length() -> Func:
    return Func(F("object_ids"), function="cardinality", output_field=IntegerField())


def _figures(rows: list[dict[str, Any]], people: dict[int, User]) -> Figures:
    sums: dict[tuple[int, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    foreign: dict[tuple[int, date], set[str]] = defaultdict(set)
    for row in rows:
        key = (row["actor_id"], row["day"])
        for name in ("records", "rows", "night", "denials"):
            sums[key][name] += row[name]
        person = people.get(row["actor_id"])
        own = person.unit.path if person else ""
        if row["records"] and is_foreign(row["object_path"], own):
            foreign[key].add(row["object_path"])
    return {
        key: DayOfReading(
            one["records"], one["rows"], one["night"], len(foreign[key]), one["denials"]
        )
        for key, one in sums.items()
    }


def _usual_of(before: dict[tuple[int, date], tuple[int, int]]) -> dict[int, tuple[float, float]]:
    """Of each person who read at all: the usual number of records and of rows in a day."""
    days: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (actor, _day), figures in before.items():
        days[actor].append(figures)
    return {
        actor: (usual(one[0] for one in figures), usual(one[1] for one in figures))
        for actor, figures in days.items()
    }


def _compared(
    actor: int, people: dict[int, User], own: dict[int, tuple[float, float]]
) -> tuple[Usual, Usual]:
    """What this person's records and rows are compared with."""
    mine = own.get(actor, (0.0, 0.0))
    person = people.get(actor)
    known = [(pk, people[pk].unit.path) for pk in own if pk in people]
    peers = peers_of(person.unit.path if person else "", known, actor)
    return (
        Usual(mine[0], usual(round(own[pk][0]) for pk in peers)),
        Usual(mine[1], usual(round(own[pk][1]) for pk in peers)),
    )


def _called(actor: int, names: dict[int, str], people: dict[int, User]) -> tuple[str, str]:
    person = people.get(actor)
    if person is None:
        return names[actor], ""
    return person.full_name or person.username, person.unit.name
