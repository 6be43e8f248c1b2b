"""Making notices of events, and e-mails of notices. Every event once ever, whatever is killed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaign.models import Task
from dashboard.models import (
    Delivery,
    Notice,
    NoticeChoice,
    NoticeHours,
    ToldEvent,
    Way,
)
from dashboard.notices import rules
from dashboard.notices.finding import Event, new_events
from security.models import User

BATCH = 500


def tell(*, now: datetime) -> int:
    """Make notices of everything that became known; returns how many notices were made.

    Each batch is one transaction that claims its events by their unique key, so two clocks never
    tell one twice and one that is killed in the middle leaves its batch to the next run.
    """
    made = 0
    while events := new_events(now=now, at_most=BATCH):
        for start in range(0, len(events), BATCH):
            made += _tell(events[start : start + BATCH], now)
    return made


@transaction.atomic
def _tell(events: list[Event], now: datetime) -> int:
    claimed = _claimed(events, now)
    people = {pk for event in claimed for pk in event.people}
    users = {user.pk: user for user in User.objects.filter(pk__in=people, is_active=True)}
    sees = _who_sees(claimed, users)
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
    chosen = _choices(people)
    wanted = [(n, rules.way_of(n.kind, chosen.get(n.user_id, {}), due_at=n.due_at, now=now))
              for n in notices]  # fmt: skip
    kept = Notice.objects.bulk_create(n for n, way in wanted if way != rules.OFF)
    _prepare([(n, way) for n, way in wanted if way in {rules.DIGEST, rules.AT_ONCE}], now)
    return len(kept)


def _claimed(events: list[Event], now: datetime) -> list[Event]:
    """Those of the events that no other clock has claimed; the unique key decides."""
    keys = [event.key for event in events]
    told = [ToldEvent(key=key, at=now) for key in keys]
    before = set(ToldEvent.objects.filter(key__in=keys).values_list("key", flat=True))
    ToldEvent.objects.bulk_create(told, ignore_conflicts=True)
    # Rows that a slower twin inserted meanwhile were waited for and carry its instant, not ours.
    mine = set(ToldEvent.objects.filter(key__in=keys, at=now).values_list("key", flat=True))
    return [event for event in events if event.key in mine - before]


def _who_sees(events: Iterable[Event], users: dict[int, User]) -> set[tuple[int, int]]:
    """(person, task) that may be told: whoever may not see a task hears nothing of it."""
    wanted: dict[int, set[int]] = {}
    for event in events:
        for pk in event.people & users.keys():
            wanted.setdefault(pk, set()).add(event.task.pk)
    return {
        (pk, task)
        for pk, tasks in wanted.items()
        for task in Task.objects.visible_to(users[pk])
        .filter(pk__in=tasks)
        .values_list("pk", flat=True)
    }


def _choices(people: set[int]) -> dict[int, dict[str, str]]:
    chosen: dict[int, dict[str, str]] = {}
    for user, kind, way in NoticeChoice.objects.filter(user__in=people).values_list(
        "user_id", "kind", "way"
    ):
        chosen.setdefault(user, {})[kind] = way
    return chosen


def _prepare(wanted: list[tuple[Notice, str]], now: datetime) -> None:
    """Put notices into the e-mails that will carry them: today's digest, or one of their own."""
    hours = _hours({notice.user_id for notice, _way in wanted})
    usual = rules.Hours()
    for (user, way), group in groupby(
        sorted(wanted, key=lambda one: (one[0].user_id, one[1])),
        key=lambda one: (one[0].user_id, one[1]),
    ):
        mine = hours.get(user, usual)
        if way == rules.DIGEST:
            at = rules.digest_time(now, mine)
            key = f"digest:{timezone.localtime(at):%Y-%m-%d}"
        else:
            # What turns at one sweep goes in one letter: nobody gets a hundred.
            at = rules.leaves_at(now, mine)
            key = f"once:{now.isoformat()}"
        letter, _made = Delivery.objects.get_or_create(
            user_id=user, way=way, subject_key=key, defaults={"not_before": at}
        )
        letter.notices.add(*(notice for notice, _way in group))


def _hours(people: set[int]) -> dict[int, rules.Hours]:
    rows: QuerySet[NoticeHours] = NoticeHours.objects.filter(user__in=people)
    return {
        row.user_id: rules.Hours(row.digest_at, row.quiet_from, row.quiet_until) for row in rows
    }


def mark_read(*, user: User, notices: QuerySet[Notice], now: datetime) -> int:
    """Mark one's own notices as read."""
    return notices.filter(user=user, read_at=None).update(read_at=now)


@transaction.atomic
def choose(*, user: User, ways: dict[str, str], hours: rules.Hours) -> None:
    """Keep what somebody wants to be told by which way, and when."""
    for kind, way in ways.items():
        NoticeChoice.objects.update_or_create(user=user, kind=kind, defaults={"way": Way(way)})
    NoticeHours.objects.update_or_create(
        user=user,
        defaults={
            "digest_at": hours.digest_at,
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
        },
    )
