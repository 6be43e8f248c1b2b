"""The private address of one's deadlines: made, shown once, replaced, revoked, and its use noted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from dashboard.models import CalendarFeed
from security import audit
from security.models import User

AN_HOUR = 3600
# A calendar program asks once or a few times an hour; several of one person's machines share it.
READS_AN_HOUR = 60
# When the feed was last used need not be exact; the trail gets one line an hour.
SEEN_EVERY, TRACED_EVERY = timedelta(minutes=1), timedelta(hours=1)
KIND = "dashboard.calendarfeed"
PROGRAM_MAY = frozenset({"campaign.view"})


def hash_of(plain: str) -> str:
    """What is kept of a key. No salt and one round: it has 256 random bits."""
    return hashlib.sha256(plain.encode()).hexdigest()


def open_feed(user: User) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user, revoked_at=None).first()


def feed_of(plain: str) -> CalendarFeed | None:
    """The feed of this key, also a revoked one; None for a key that was never made.

    Its person comes as a program acts for him: reading tasks is all he may, and no emergency that
    he opened before a screen counts.
    """
    feed = CalendarFeed.objects.select_related("user").filter(key_hash=hash_of(plain)).first()
    if feed is not None:
        feed.user.token_actions = PROGRAM_MAY
    return feed


@transaction.atomic
def make_feed(*, actor: User, now: datetime) -> str:
    """Make an address for oneself; the one of before ends. Returns its key, this once."""
    owner = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    _end(owner, actor, now)
    plain = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(user=owner, key_hash=hash_of(plain), created_at=now)
    audit.record("feed.made", actor=actor, object_type=KIND, object_id=feed.pk)
    return plain


@transaction.atomic
def end_feed(*, actor: User, now: datetime) -> bool:
    """Revoke one's own address; False if there is none."""
    owner = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    return _end(owner, actor, now)


def _end(owner: User, actor: User, now: datetime) -> bool:
    feed = open_feed(owner)
    if feed is None:
        return False
    feed.revoked_at = max(now, feed.created_at)
    feed.save(update_fields=["revoked_at"])
    # A restored backup would bring the address back: it is ended again by this line.
    audit.record("feed.revoked", actor=actor, object_type=KIND, object_id=feed.pk)
    return True


def asked_too_often(feed: CalendarFeed) -> bool:
    """Counted per address and hour, in the database: all web processes count together."""
    key = f"feed:{feed.pk}"
    if cache.add(key, 1, AN_HOUR):
        return False
    try:
        return bool(cache.incr(key) > READS_AN_HOUR)
    except ValueError:  # its hour ended between the two questions
        return False


@transaction.atomic
def note_read(*, feed: CalendarFeed, tasks: Iterable[int], now: datetime) -> None:
    """Remember when the feed was last used; one line of the trail an hour says what it gave."""
    mine = CalendarFeed.objects.filter(pk=feed.pk)
    seen = Q(last_used_at=None) | Q(last_used_at__lte=now - SEEN_EVERY)
    mine.filter(seen).update(last_used_at=now)
    traced = Q(traced_at=None) | Q(traced_at__lte=now - TRACED_EVERY)
    if mine.filter(traced).update(traced_at=now):
        audit.record(
            "feed.read",
            actor=feed.user,
            object_type="campaign.task",
            ids=sorted(tasks),
            reason=f"feed {feed.pk}",
        )
