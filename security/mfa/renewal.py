"""A new session key each time somebody proves again who he is.

Signing in draws one by itself. Showing the password or the second factor later makes the same
session worth more, so a key that was seen before must not be worth more with it (ASVS 7.2.4).
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.http import HttpRequest


def connect() -> None:
    """Called once, when the application is ready."""
    authentication_step_completed.connect(_proved_again, dispatch_uid="security.proved_again")


def _proved_again(
    sender: object, request: HttpRequest, *, reauthenticated: bool = False, **_rest: Any
) -> None:
    if not reauthenticated or not request.user.is_authenticated:
        return
    before = request.session.session_key
    request.session.cycle_key()
    # The list of places where one is signed in, and whoever ends them, must still find it.
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)
