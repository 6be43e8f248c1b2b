"""The trail, searched: who, what, when, where, with which outcome.

Who reads which rows of it: holders of ``security.view_trail`` see the rows whose object lies in
their unit or below it, and the rows of people who work there, wherever the object lies. Rows
without a place by people of no unit of theirs (the installation's own jobs, names that nobody has
at sign-in) are for those alone whose role stands on the root. The rows say what was done to which
number and hold no content; a reason is blanked where the object was more secret than the reader's
own role.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from security.event_groups import EXPORT, EventGroup, group_called
from security.models import AuditEvent, Unit, User
from security.models.protected import protected_models
from security.rules import path_range
from security.scope import scopes_of
from security.search import folded, folded_field
from security.selectors.tree import FOUND_AT_MOST, find_units, named_unit, units_where
from security.services.matrix import acts_everywhere

VIEW = "security.view_trail"
TRAIL_PAGE = 100
COUNTED_TO = 1000
# A question without dates looks at the last month; one with dates at a year at most. The trail is
# partitioned by month, so what lies outside is not even opened.
USUAL_SPAN, LONGEST_SPAN = timedelta(days=30), timedelta(days=366)
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
LARGEST_ID = 2**63 - 1
NAMED_AT_MOST = 1000
Events = QuerySet[AuditEvent]


@dataclass(frozen=True)
class TrailFilter:
    """What the reader of the trail looks for; empty fields do not restrict.

    who: part of a name, or ``actor`` a person's id. what: code of an event group; action: beginning
    of an event's name. kind, number: the object. since, until: days, both included.
    """

    since: date
    until: date
    who: str = ""
    actor: int | None = None
    what: str = ""
    action: str = ""
    kind: str = ""
    number: str = ""
    unit: str = ""
    request: str = ""
    denied: bool = False
    before: int | None = None

    @classmethod
    def of(cls, asked: QueryDict, today: date) -> TrailFilter:
        """What an address asks for; anything odd in it restricts nothing."""
        until = day_of(asked.get("until"), today)
        since = day_of(asked.get("since"), until - USUAL_SPAN)
        since, until = min(since, until), max(since, until)
        what = _text(asked, "what")
        return cls(
            since=max(since, until - LONGEST_SPAN),
            until=until,
            who=_text(asked, "who"),
            actor=_number(asked, "actor"),
            what=what if group_called(what) else "",
            action=_text(asked, "action"),
            kind=_text(asked, "kind"),
            number=_text(asked, "number"),
            unit=_text(asked, "unit"),
            request=_text(asked, "request"),
            denied=asked.get("denied") == "1",
            before=_number(asked, "before"),
        )

    @property
    def asked(self) -> list[str]:
        """Names of the fields that restrict."""
        return [
            one.name for one in fields(self) if getattr(self, one.name) not in ("", None, False)
        ]

    def address(self, **changes: Any) -> str:
        """The query of an address that asks the same, but for ``changes``."""
        values = {one.name: getattr(self, one.name) for one in fields(self)} | changes
        said = {
            name: "1" if value is True else value
            for name, value in values.items()
            if value not in ("", None, False)
        }
        return "?" + urlencode(said)


@dataclass(frozen=True)
class TrailPage:
    """One page; ``number`` is exact up to ``COUNTED_TO``. ``units``: what the unit text meant."""

    events: list[AuditEvent]
    number: int
    more: int | None
    units: list[Unit]

    @property
    def many(self) -> bool:
        return self.number > COUNTED_TO


def events_for(user: User) -> QuerySet[AuditEvent]:
    """The rows of the trail that this reader may see; the one door to them."""
    if acts_everywhere(user, VIEW):
        return AuditEvent.objects.all()
    return AuditEvent.objects.filter(
        _placed(scope.path for scope in scopes_of(user) if VIEW in scope.actions)
    )


def within(since: date, until: date) -> Q:
    """Both days included; the bound on ``at`` is what spares the other months' partitions."""
    zone = timezone.get_current_timezone()
    first = datetime.combine(since, time.min, zone)
    return Q(at__gte=first, at__lt=datetime.combine(until + timedelta(days=1), time.min, zone))


def found_events(user: User, asked: TrailFilter) -> tuple[QuerySet[AuditEvent], list[Unit]]:
    """Everything that fits, newest first, and the units that the unit text meant."""
    events = events_for(user).filter(within(asked.since, asked.until))
    units: list[Unit] = []
    if asked.unit:
        mine = units_where(user, VIEW)
        named = named_unit(mine, asked.unit)
        units = [named] if named else list(find_units(mine, asked.unit)[:FOUND_AT_MOST])
        events = events.filter(_placed(unit.path for unit in units))
    events = _done_by(_of_object(events, asked), asked)
    if asked.denied:
        events = events.filter(decision=AuditEvent.Decision.DENIED)
    return events.order_by("-id"), units


def _done_by(events: Events, asked: TrailFilter) -> Events:
    """By whom, and what sort of thing."""
    if asked.who:
        events = events.filter(_called(asked.who))
    if asked.actor is not None:
        events = events.filter(actor_id=asked.actor)
    if group := group_called(asked.what):
        events = events.filter(_of_group(group))
    if asked.action:
        # Names of events are in small letters, all of them.
        events = events.filter(action__startswith=asked.action.lower())
    return events


def _called(who: str) -> Q:
    """Rows of people of this name, and rows where it stands as it was written then.

    Accents are folded over the people, thirty thousand, and not over millions of rows.
    """
    people = User.objects.alias(plain=folded_field("full_name"))
    named = people.filter(Q(plain__contains=folded(who)) | Q(username__iexact=who))
    ids = list(named.values_list("pk", flat=True)[:NAMED_AT_MOST])
    return Q(actor_id__in=ids) | Q(actor_name__icontains=who)


def _of_object(events: Events, asked: TrailFilter) -> Events:
    exactly = {"object_type": asked.kind, "object_id": asked.number, "request": asked.request}
    return events.filter(**{name: value for name, value in exactly.items() if value})


def trail(user: User, asked: TrailFilter) -> TrailPage:
    """One page of the newest events before ``asked.before``, and how many fit in all."""
    events, units = found_events(user, asked)
    number = events.order_by()[: COUNTED_TO + 1].count()
    if asked.before is not None:
        events = events.filter(id__lt=asked.before)
    rows = list(events[: TRAIL_PAGE + 1])
    more = rows[TRAIL_PAGE - 1].id if len(rows) > TRAIL_PAGE else None
    return TrailPage(with_links(user, blanked(user, rows[:TRAIL_PAGE])), number, more, units)


def with_links(user: User, events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Each with ``of_record``: whether it names one record whose readers can be asked for."""
    kinds = {model._meta.label_lower for model in protected_models()}
    cap, shown = _cap(user), list(events)
    for event in shown:
        known = event.object_type in kinds and event.object_id.isdecimal()
        near = event.object_level is not None and event.object_level <= cap
        event.of_record = known and near  # type: ignore[attr-defined]
    return shown


def blanked(user: User, events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Without the reasons of what was more secret than the reader's own role."""
    cap = _cap(user)
    shown = []
    for event in events:
        if event.object_level is not None and event.object_level > cap:
            event.reason = ""
        shown.append(event)
    return shown


def _cap(user: User) -> int:
    return max((scope.level for scope in scopes_of(user) if VIEW in scope.actions), default=0)


def day_of(said: str | None, otherwise: date) -> date:
    """A day of an address; ``otherwise`` where it is none."""
    try:
        day = date.fromisoformat((said or "").strip())
    except ValueError:
        return otherwise
    return min(max(day, EARLIEST), LATEST)


def _placed(paths: Iterable[str]) -> Q:
    """Rows whose object lies at or below one of these units, or whose actor works there."""
    objects, people = Q(pk__in=[]), Q(pk__in=[])
    for path in paths:
        low, high = path_range(path)
        objects |= Q(object_path__gte=low, object_path__lt=high)
        people |= Q(unit__path__gte=low, unit__path__lt=high)
    workers = User.objects.filter(people).values("pk")
    return objects | Q(actor_id__any_of=ArraySubquery(workers))


def _of_group(group: EventGroup) -> Q:
    wanted = Q(action__in=group.names)
    for beginning in group.beginnings:
        wanted |= Q(action__startswith=beginning)
    for ending in group.endings:
        wanted |= Q(action__endswith=ending)
    return wanted if group is EXPORT else wanted & ~Q(action__endswith=EXPORT.endings[0])


def _text(asked: QueryDict, name: str) -> str:
    return asked.get(name, "").replace("\x00", "").strip()[:100]


def _number(asked: QueryDict, name: str) -> int | None:
    said = asked.get(name, "").strip()
    return min(int(said), LARGEST_ID) if said.isdecimal() and len(said) < 40 else None
