"""Who read one record; what one person did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from security.kinds import kind_called
from security.models import AuditEvent, User
from security.scope import may, scopes_of
from security.selectors.trail import VIEW, blanked, events_for, within

PERSON = "security.user"
READERS_AT_MOST = 300
PLACES_AT_MOST = 50
STORY_DAYS = 7
STORY_AT_MOST = 1000
DENIED = Q(decision=AuditEvent.Decision.DENIED)


@dataclass
class Reader:
    """What one person had to do with a record: times, and the first and last of them."""

    actor_id: int | None
    name: str
    opened: int = 0
    listed: int = 0
    changed: int = 0
    denied: int = 0
    first: datetime | None = None
    last: datetime | None = None


def place_of(kind: str, pk: int) -> tuple[str, int, Any] | None:
    """(path of the unit, level, the row) of a record or person that exists; None otherwise."""
    if kind == PERSON:
        person = User.objects.select_related("unit").filter(pk=pk).first()
        return (person.unit.path, 0, person) if person else None
    model = kind_called(kind)
    row = model._default_manager.filter(pk=pk).first() if model else None
    return (row.unit_path, row.level, row) if row else None


def covers(user: User, path: str, level: int) -> bool:
    """Whether a role reaches this unit up to this level: whoever asks for the readers of a record
    by its number may not learn that there is one more secret than his role."""
    return any(
        path.startswith(one.path) and level <= one.level
        for one in scopes_of(user)
        if VIEW in one.actions
    )


def was_there(user: User, kind: str, pk: int, since: date, until: date) -> bool:
    """Whether the trail remembers a record of this number in this reader's reach."""
    if kind_called(kind) is None:
        return False
    left = events_of(user, kind, pk, since, until).exclude(DENIED).exclude(object_level=None)
    places = left.order_by().values_list("object_path", "object_level").distinct()[:PLACES_AT_MOST]
    known = [covers(user, path, level or 0) for path, level in places]
    return bool(known) and all(known)


def known_person(user: User, pk: int) -> User | None:
    """Somebody whose doings this reader of the trail may follow."""
    person = User.objects.select_related("unit").filter(pk=pk).first()
    return person if person is not None and may(user, VIEW, person.unit) else None


def events_of(user: User, kind: str, pk: int, since: date, until: date) -> QuerySet[AuditEvent]:
    """What the trail tells this reader about one object by its number."""
    rows = events_for(user).filter(within(since, until))
    return rows.filter(object_type=kind, object_id=str(pk))


def readers_of(user: User, kind: str, pk: int, since: date, until: date) -> list[Reader]:
    """Everybody who opened, changed or tried the record, or had it in a list; the latest first."""
    direct = events_of(user, kind, pk, since, until)
    lists = events_for(user).filter(within(since, until))
    lists = lists.filter(object_type=kind, object_id="", object_ids__contains=[pk])
    found: dict[tuple[int | None, str], Reader] = {}
    opened = Q(action="read") & ~DENIED
    counted: Any = direct.order_by().values("actor_id", "actor_name")
    for row in counted.annotate(
        opened=Count("id", filter=opened),
        changed=Count("id", filter=~opened & ~DENIED),
        denied=Count("id", filter=DENIED),
        first=Min("at"),
        last=Max("at"),
    ):
        _add(found, row)
    shown: Any = lists.order_by().values("actor_id", "actor_name")
    for row in shown.annotate(listed=Count("id"), first=Min("at"), last=Max("at")):
        _add(found, row)
    readers = sorted(found.values(), key=lambda one: one.last or timezone.now(), reverse=True)
    return readers[:READERS_AT_MOST]


def _add(found: dict[tuple[int | None, str], Reader], row: Any) -> None:
    key = (row["actor_id"], row["actor_name"])
    reader = found.setdefault(key, Reader(*key))
    for name in ("opened", "listed", "changed", "denied"):
        setattr(reader, name, getattr(reader, name) + row.get(name, 0))
    reader.first = min(one for one in (reader.first, row["first"]) if one)
    reader.last = max(one for one in (reader.last, row["last"]) if one)


def doings_of(user: User, person: User, until: date) -> tuple[list[AuditEvent], bool]:
    """What a person did in the week up to ``until``, newest first, and whether more was cut off."""
    since = until - timedelta(days=STORY_DAYS - 1)
    rows: Iterable[AuditEvent] = (
        events_for(user)
        .filter(within(since, until), actor_id=person.pk)
        .order_by("-at", "-id")[: STORY_AT_MOST + 1]
    )
    events = blanked(user, rows)
    return events[:STORY_AT_MOST], len(events) > STORY_AT_MOST
