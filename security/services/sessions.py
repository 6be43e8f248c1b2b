"""Ending sessions: other people's as part of another write, one's own from the account pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from security import audit
from security.models import User

# The list of sessions may lag behind the session by a minute (SESSION_SEEN_EVERY).
SPARE = timedelta(minutes=5)
DAY = timedelta(days=1)
# So long an address from which somebody signed in counts as his own (security.adapters).
KNOWN_PLACE_FOR = timedelta(days=30)


def count_sessions(user: User, now: datetime) -> int:
    """Sessions of this person that could still be used."""
    keys = UserSession.objects.filter(user=user).values("session_key")
    return Session.objects.filter(session_key__in=keys, expire_date__gt=now).count()


def end_sessions(user: User, *, keep: str | None = None) -> int:
    """End every session of this person now; how many there were. Part of its caller's write.

    keep: the key of a session that goes on.
    """
    rows = UserSession.objects.filter(user=user).exclude(session_key=keep or "")
    keys = list(rows.values_list("session_key", flat=True))
    rows.delete()
    ended, _per_model = Session.objects.filter(session_key__in=keys).delete()
    return ended


def clear_dead_sessions(*, now: datetime) -> int:
    """Delete what nobody can use any more: old, left alone, or unlisted; how many there were.

    A browser that is closed never comes back to be told that its session is over.
    """
    left_alone = now - timedelta(seconds=settings.SESSION_IDLE_LIMIT)
    idle = UserSession.objects.filter(last_seen_at__lt=left_alone - SPARE).values("session_key")
    over = Q(expire_date__lt=now) | Q(session_key__in=idle)
    cleared, _per_model = Session.objects.filter(over).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return cleared


def forget_attempts(*, now: datetime) -> int:
    """Delete what axes keeps of attempts once no limit asks for it; how many rows there were.

    It keeps names as they were typed, and people type passwords there. The trail keeps a mark.
    """
    failed: int = AccessAttempt.objects.filter(attempt_time__lt=now - DAY).delete()[0]
    good: int = AccessLog.objects.filter(attempt_time__lt=now - KNOWN_PLACE_FOR).delete()[0]
    return failed + good


def end_own_session(*, actor: User, pk: int, keep: str | None) -> bool:
    """End one of one's own other sessions, by its place in the list; whether there was one."""
    row = UserSession.objects.filter(user=actor, pk=pk).exclude(session_key=keep or "").first()
    if row is None:
        audit.record(
            "session.ended",
            actor=actor,
            object_type="usersessions.usersession",
            object_id=pk,
            decision="denied",
        )
        return False
    with transaction.atomic():
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        _write_down(actor, f"signed out from elsewhere: {row.ip}")
    return True


@transaction.atomic
def end_own_sessions(*, actor: User, keep: str | None) -> int:
    """End all of one's own other sessions; how many there were."""
    ended = end_sessions(actor, keep=keep)
    _write_down(actor, f"signed out everywhere else: {ended}")
    return ended


def _write_down(actor: User, reason: str) -> None:
    audit.record(
        "session.ended",
        actor=actor,
        object_type="security.user",
        object_id=actor.pk,
        reason=reason,
    )
