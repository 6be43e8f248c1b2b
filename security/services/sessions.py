"""Ending sessions: other people's as part of another write, one's own from the account pages."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from security import audit
from security.models import User


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


@transaction.atomic
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
