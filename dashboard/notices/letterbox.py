"""Which e-mail carries a notice: the next digest, or one letter per person and span of time.

However much one late sweep finds, a person gets one letter of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.models import Delivery, Notice, NoticeHours
from dashboard.notices import rules
from security import letters
from security.models import User

WAITING = Delivery.State.WAITING


def put_in(wanted: Iterable[tuple[Notice, str]], *, now: datetime) -> None:
    """Put notices into the letters that will carry them; only of people whom a letter reaches.

    The people are locked, in order: two clocks at once fill one letter and not two.
    """
    if not letters.configured():
        return
    rows = sorted(wanted, key=lambda one: (one[0].user_id, one[1]))
    reached = _reached({notice.user_id for notice, _way in rows})
    hours = hours_of(reached)
    for (user, way), group in groupby(rows, key=lambda one: (one[0].user_id, one[1])):
        if user in reached:
            letter = _letter_for(user, way, hours.get(user, rules.Hours()), now)
            letter.notices.add(*(notice for notice, _way in group))


def _reached(people: set[int]) -> set[int]:
    users = User.objects.filter(pk__in=people, is_active=True).exclude(email="")
    locked = users.order_by("pk").select_for_update(no_key=True, of=("self",))
    return set(locked.values_list("pk", flat=True))


def _letter_for(user: int, way: str, hours: rules.Hours, now: datetime) -> Delivery:
    """A letter that is about to leave takes along what would have come in the digest."""
    about_to = Delivery.objects.filter(user_id=user, way=rules.AT_ONCE, state=WAITING)
    if letter := about_to.select_for_update().first():
        return letter
    if way == rules.DIGEST:
        at = rules.digest_time(now, hours)
        return _first_open(user, way, hours, at, _digest_key, rules.day_after)
    return _first_open(user, way, hours, now, _span_key, rules.next_span)


def _first_open(
    user: int,
    way: str,
    hours: rules.Hours,
    at: datetime,
    key_of: Callable[[datetime], str],
    after: Callable[[datetime], datetime],
) -> Delivery:
    """The letter of that day or span; the next one outside quiet hours if that has left already."""
    while True:
        at = rules.leaves_at(at, hours)
        letter, _made = Delivery.objects.select_for_update().get_or_create(
            user_id=user, way=way, subject_key=key_of(at), defaults={"not_before": at}
        )
        if letter.state == WAITING:
            return letter
        at = after(at)


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
            letter.delete()


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
            letter.delete()
            letter = other
            break
        at = rules.day_after(at)
    letter.subject_key, letter.not_before = _digest_key(at), at
    letter.save(update_fields=["subject_key", "not_before"])
