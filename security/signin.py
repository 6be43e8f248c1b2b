"""The trail of signing in and out.

Django offers no other hook than these signals where several paths sign people in (the form,
recovery, a test client), so this module is the one place of the project that listens to signals.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from allauth.account.signals import password_changed
from allauth.usersessions.models import UserSession
from axes.models import AccessLog
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from security import audit, sessions
from security.context import current_origin, origin, session_mark
from security.models import User
from security.services.invitations import drop_links
from security.services.sessions import KNOWN_PLACE_FOR, end_sessions


def connect() -> None:
    """Called once, when the application is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="security.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="security.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="security.refused")
    password_changed.connect(_password_changed, dispatch_uid="security.password_changed")


def name_mark(name: str) -> str:
    """What the trail keeps of a name typed at a failed sign-in: a keyed hash.

    People type passwords into the name field; equal names can still be recognised as equal.
    """
    return salted_hmac("security.signin", name.strip().lower()).hexdigest()[:16]


def typed_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The name that a lockout counts for, whichever part of the sign-in asks."""
    return str((credentials or {}).get("username") or request.POST.get("login", ""))


def locked_out(request: HttpRequest, *_answer: Any) -> HttpResponse:
    """The page of a locked name. Always a page: axes' own answer to scripts names the person and
    allows every site to read it."""
    return render(request, "account/locked.html", status=429)


def record_refused_name(name: str, why: str = "") -> None:
    """A line of the trail for a sign-in that failed: the name's mark, and why if not the usual."""
    audit.record(
        "signin",
        actor=None,
        object_type="security.user",
        decision="denied",
        reason=f"name {name_mark(name)}" + (f", {why}" if why else ""),
    )


def signed_in_here_before(name: str, address: str, *, now: datetime) -> bool:
    """Whether this name was signed in from this address within the last month."""
    since = now - KNOWN_PLACE_FOR
    lately = AccessLog.objects.filter(username=name, ip_address=address, attempt_time__gte=since)
    return bool(lately.exists())


def _signed_in(sender: object, user: User, request: HttpRequest, **_rest: Any) -> None:
    """The line bears the new session's mark: the key has just changed."""
    sessions.begin(request.session, user, timezone.now())
    here = replace(current_origin(), session=session_mark(request.session.session_key))
    with origin(here):
        audit.record("signin", actor=user, object_type="security.user", object_id=user.pk)


def _signed_out(sender: object, user: User | None, request: HttpRequest, **_rest: Any) -> None:
    if user is not None:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        audit.record("signout", actor=user, object_type="security.user", object_id=user.pk)


def _password_changed(sender: object, user: User, request: HttpRequest, **_rest: Any) -> None:
    """Whoever knew the old password, or holds a link, is out at once, not at his next request."""
    others = end_sessions(user, keep=request.session.session_key)
    drop_links(user, timezone.now())
    audit.record(
        "password.changed",
        actor=user,
        object_type="security.user",
        object_id=user.pk,
        reason=f"{others} other sessions ended",
    )


def _refused(sender: object, credentials: dict[str, Any], **_rest: Any) -> None:
    record_refused_name(str(credentials.get("username", "")))
