"""Ending the sessions of other people; one's own are ended on the account pages."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from security.models import User


def count_sessions(user: User, now: datetime) -> int:
    """Sessions of this person that could still be used."""
    keys = UserSession.objects.filter(user=user).values("session_key")
    return Session.objects.filter(session_key__in=keys, expire_date__gt=now).count()


def end_sessions(user: User) -> int:
    """End every session of this person now; how many there were. Part of its caller's write."""
    rows = UserSession.objects.filter(user=user)
    keys = list(rows.values_list("session_key", flat=True))
    rows.delete()
    ended, _per_model = Session.objects.filter(session_key__in=keys).delete()
    return ended
