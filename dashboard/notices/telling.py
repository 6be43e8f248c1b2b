"""Making notices of events, and e-mails of notices. Every event once ever, whatever is killed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from campaign.models import Task
from dashboard.models import Notice, NoticeChoice
from dashboard.notices import rules
from dashboard.notices.finding import Event, Far, new_events
from dashboard.notices.letterbox import put_in
from security.models import User
from security.scope import may, read_ahead

BATCH = 1000
KNOWN_FOR = 20.0  # seconds; a role that ends is noticed no later than by a page


def tell(*, now: datetime) -> int:
    """Make notices of everything that became known; returns how many notices were made.

    Each batch is one transaction that claims its events by their unique key, so two clocks never
    tell one twice and one that is killed in the middle leaves its batch to the next run.
    """
    made, far, known = 0, Far(BATCH), People()
    while (told := _tell_some(far, known, now)) is not None:
        made += told
    return made


class People:
    """Active people with their roles, read for many at once and kept for some seconds."""

    def __init__(self) -> None:
        self._users: dict[int, User] = {}
        self._read_at = 0.0

    def of(self, wanted: set[int]) -> dict[int, User]:
        """Those of them who have an account that is open."""
        if time.monotonic() - self._read_at > KNOWN_FOR:
            self._users, self._read_at = {}, time.monotonic()
        if fresh := wanted - self._users.keys():
            rows = list(User.objects.filter(pk__in=fresh, is_active=True))
            read_ahead(rows)
            self._users |= {user.pk: user for user in rows}
        return {pk: self._users[pk] for pk in wanted & self._users.keys()}


@transaction.atomic
def _tell_some(far: Far, known: People, now: datetime) -> int | None:
    """Make the notices of the next facts; None if there are none."""
    events = new_events(now=now, far=far)
    if not events:
        return None
    claimed = _claimed(events, now)
    people = {pk for event in claimed for pk in event.people}
    sees = _who_sees(claimed, known.of(people))
    notices = [
        Notice(
            user_id=pk,
            kind=event.kind,
            event=event.key,
            task=event.task,
            said=event.said,
            due_at=event.due_at,
            created_at=now,
        )
        for event in claimed
        for pk in sorted(event.people)
        if (pk, event.task.pk) in sees
    ]
    chosen = choices_of(people)
    wanted = [(n, rules.way_of(n.kind, chosen.get(n.user_id, {}), due_at=n.due_at, now=now))
              for n in notices]  # fmt: skip
    kept = Notice.objects.bulk_create(n for n, way in wanted if way != rules.OFF)
    put_in([(n, way) for n, way in wanted if way in {rules.DIGEST, rules.AT_ONCE}], now=now)
    return len(kept)


def _claimed(events: list[Event], now: datetime) -> list[Event]:
    """Those of the events that no other clock has claimed: the rows that this statement inserted.

    In the order of their keys, so that two clocks wait for each other and never in a ring.
    """
    keys = sorted(event.key for event in events)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dashboard_toldevent (key, at) SELECT key, %s FROM unnest(%s) AS key"
            " ON CONFLICT (key) DO NOTHING RETURNING key",
            [now, keys],
        )
        mine = {key for (key,) in cursor.fetchall()}
    return [event for event in events if event.key in mine]


def _who_sees(events: Iterable[Event], users: dict[int, User]) -> set[tuple[int, int]]:
    """(person, task) that may be told: whoever may not see a task hears nothing of it.

    Most see it by a role over its unit, for which no task need be asked; the others are asked of
    the one filter, person by person.
    """
    sees: set[tuple[int, int]] = set()
    wanted: dict[int, set[int]] = {}
    for event in events:
        for pk in event.people & users.keys():
            if may(users[pk], Task.view_action, event.task):
                sees.add((pk, event.task.pk))
            else:
                wanted.setdefault(pk, set()).add(event.task.pk)
    return sees | {
        (pk, task)
        for pk, tasks in wanted.items()
        for task in Task.objects.visible_to(users[pk])
        .filter(pk__in=tasks)
        .values_list("pk", flat=True)
    }


def choices_of(people: set[int]) -> dict[int, dict[str, str]]:
    """The ways that people chose, by person and kind; whoever chose none is not in it."""
    chosen: dict[int, dict[str, str]] = {}
    for user, kind, way in NoticeChoice.objects.filter(user__in=people).values_list(
        "user_id", "kind", "way"
    ):
        chosen.setdefault(user, {})[kind] = way
    return chosen
