"""Which e-mail carries a notice: the next digest, or one letter per person and span of time.

However much one late sweep finds, a person gets one letter of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.models import Delivery, Notice, NoticeHours
from dashboard.notices import rules
from security import letters
from security.models import User

WAITING = Delivery.State.WAITING


def put_in(wanted: Iterable[tuple[Notice, str]], *, now: datetime) -> None:
    """Put notices into the letters that will carry them; only of people whom a letter reaches.

    The people are locked, in order: two clocks at once fill one letter and not two. The same few
    queries for any number of people: a late sweep concerns everybody at once.
    """
    if not letters.configured():
        return
    rows = list(wanted)
    reached = _reached({notice.user_id for notice, _way in rows})
    rows = [(notice, way) for notice, way in rows if notice.user_id in reached]
    # A letter that is about to leave takes along what would have come in the digest.
    at_once = {notice.user_id for notice, way in rows if way == rules.AT_ONCE}
    letter_of = _about_to_leave(reached)
    hours = hours_of(reached)
    for way, people in ((rules.AT_ONCE, at_once), (rules.DIGEST, reached - at_once)):
        letter_of |= _open(way, people - letter_of.keys(), hours, now)
    holds = Delivery.notices.through
    holds.objects.bulk_create(
        (holds(delivery=letter_of[one.user_id], notice=one) for one, _way in rows),
        ignore_conflicts=True,
    )


def _reached(people: set[int]) -> set[int]:
    users = User.objects.filter(pk__in=people, is_active=True).exclude(email="")
    locked = users.order_by("pk").select_for_update(no_key=True, of=("self",))
    return set(locked.values_list("pk", flat=True))


def _about_to_leave(people: set[int]) -> dict[int, Delivery]:
    """The letters at once that wait, by person; of several the last one."""
    rows = Delivery.objects.filter(user__in=people, way=rules.AT_ONCE, state=WAITING)
    found = rows.order_by("not_before", "pk").select_for_update()
    return {letter.user_id: letter for letter in found}


def _open(
    way: str, people: set[int], hours: dict[int, rules.Hours], now: datetime
) -> dict[int, Delivery]:
    """Each one's letter of that day or span; the next one outside quiet hours if it has left."""
    digest = way == rules.DIGEST
    key_of, after = (_digest_key, rules.day_after) if digest else (_span_key, rules.next_span)
    first = rules.digest_time if digest else rules.leaves_at
    hours_by = {pk: hours.get(pk, rules.Hours()) for pk in people}
    when = {pk: first(now, hours_by[pk]) for pk in people}
    found: dict[int, Delivery] = {}
    while when:
        there = _there(way, {pk: key_of(at) for pk, at in when.items()})
        fresh = [
            Delivery(user_id=pk, way=way, subject_key=key_of(at), not_before=at)
            for pk, at in when.items()
            if pk not in there
        ]
        there |= {letter.user_id: letter for letter in Delivery.objects.bulk_create(fresh)}
        found |= {pk: letter for pk, letter in there.items() if letter.state == WAITING}
        when = {
            pk: rules.leaves_at(after(at), hours_by[pk])
            for pk, at in when.items()
            if pk not in found
        }
    return found


def _there(way: str, keys: dict[int, str]) -> dict[int, Delivery]:
    """The letters of these people under these keys, whatever became of them."""
    rows = Delivery.objects.filter(user__in=keys, way=way, subject_key__in=set(keys.values()))
    locked = rows.order_by("pk").select_for_update()
    return {one.user_id: one for one in locked if one.subject_key == keys[one.user_id]}


def _digest_key(at: datetime) -> str:
    return f"digest:{timezone.localtime(at, rules.ZONE):%Y-%m-%d}"


def _span_key(at: datetime) -> str:
    return f"once:{rules.span_of(at):%Y-%m-%dT%H:%M}"


def hours_of(people: Iterable[int]) -> dict[int, rules.Hours]:
    """The hours that people chose; whoever chose none is not in it."""
    rows: QuerySet[NoticeHours] = NoticeHours.objects.filter(user__in=people)
    return {
        row.user_id: rules.Hours(row.digest_at, row.quiet_from, row.quiet_until) for row in rows
    }


def lock(user: User) -> None:
    """Hold off whoever fills or moves the letters of this person."""
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=user.pk)


def take_out(*, user: User, kinds: Iterable[str]) -> None:
    """Take notices of these kinds out of the letters that wait; one that held nothing else goes."""
    waiting = Delivery.objects.filter(user=user, state=WAITING, notices__kind__in=set(kinds))
    pks = set(waiting.values_list("pk", flat=True))
    for letter in Delivery.objects.select_for_update().filter(pk__in=pks, state=WAITING):
        letter.notices.remove(*letter.notices.filter(kind__in=set(kinds)))
        if not letter.notices.exists():
            Delivery.objects.filter(pk=letter.pk).delete()


def move_waiting(*, user: User, hours: rules.Hours, now: datetime) -> None:
    """Let the letters that wait leave by new hours; a digest keeps its day or comes the next."""
    rows = Delivery.objects.select_for_update().filter(user=user, state=WAITING, attempts=0)
    for letter in rows:
        if letter.way == rules.DIGEST:
            _move_digest(letter, rules.digest_time(now, hours))
        else:
            letter.not_before = rules.leaves_at(now, hours)
            letter.save(update_fields=["not_before"])


def _move_digest(letter: Delivery, at: datetime) -> None:
    """One digest a day: it joins what waits for that day, or comes after what has left on it."""
    others = Delivery.objects.select_for_update().filter(user_id=letter.user_id, way=letter.way)
    while other := others.exclude(pk=letter.pk).filter(subject_key=_digest_key(at)).first():
        if other.state == WAITING:
            other.notices.add(*letter.notices.all())
            Delivery.objects.filter(pk=letter.pk).delete()
            letter = other
            break
        at = rules.day_after(at)
    letter.subject_key, letter.not_before = _digest_key(at), at
    letter.save(update_fields=["subject_key", "not_before"])
