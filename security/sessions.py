"""How long a session lasts, and what it needs to go on.

A session carries when it began, when its person last did something, and which role grants were in
force. It ends when it is too old or was left alone too long, when one of those grants is no longer
in force, or when the account was closed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from security import audit
from security.models import User
from security.scope import scopes_of

SINCE, SEEN, GRANTS = "since", "seen", "grants"
# Why a session ended: these words stand in the trail and, as ?ended=, lead to a sentence on the
# sign-in page.
IDLE, OLD, ROLE, CLOSED = "idle", "old", "role", "closed"


def begin(session: SessionBase, user: User, now: datetime) -> None:
    """Write into a fresh session what it is measured by later."""
    session[SINCE] = session[SEEN] = now.timestamp()
    session[GRANTS] = _grants(user, now)


def _grants(user: User, now: datetime | None = None) -> list[int]:
    """Role grants in force. Emergency accesses are not among them: they are meant to run out."""
    return sorted(scope.grant_id for scope in scopes_of(user, now) if not scope.is_emergency)


def end_if_over(request: HttpRequest, now: datetime) -> str:
    """End the request's session if it must not go on; returns why, or an empty string.

    Costs no query that the request would not make anyway: the user and his scopes.
    """
    session = request.session
    if SESSION_KEY not in session:
        return ""
    owner = session[SESSION_KEY]
    user = request.user
    if not isinstance(user, User):  # disabled, or the password was changed since
        _end(request, User.objects.filter(pk=owner).first(), CLOSED)
        return CLOSED
    reason = _too_long(session, now) or _lost(session, user)
    if reason:
        _end(request, user, reason)
    return reason


def _too_long(session: SessionBase, now: datetime) -> str:
    moment = now.timestamp()
    if moment - session.get(SINCE, moment) >= settings.SESSION_ABSOLUTE_LIMIT:
        return OLD
    if moment - session.get(SEEN, moment) >= settings.SESSION_IDLE_LIMIT:
        return IDLE
    return ""


def _lost(session: SessionBase, user: User) -> str:
    return ROLE if set(session.get(GRANTS, ())) - set(_grants(user)) else ""


def _end(request: HttpRequest, owner: User | None, reason: str) -> None:
    if request.session.session_key:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
    request.session.flush()
    request.user = AnonymousUser()
    audit.record(
        "session.ended",
        actor=owner,
        object_type="security.user",
        object_id=owner.pk if owner else "",
        reason=reason,
    )


def renew(request: HttpRequest, now: datetime) -> None:
    """Note that the person did something, at most once a minute; a page that asks by itself
    (``X-Refresh``) is not the person. Grants that came into force are taken up silently."""
    session, user = request.session, request.user
    if not isinstance(user, User):
        return
    held = _grants(user)
    if session.get(GRANTS) != held:
        session[GRANTS] = held
    session.setdefault(SINCE, now.timestamp())
    by_itself = request.headers.get("X-Refresh") == "1"
    if by_itself or now.timestamp() - session.get(SEEN, 0.0) < settings.SESSION_SEEN_EVERY:
        return
    session[SEEN] = now.timestamp()
    if request.META.get("REMOTE_ADDR"):
        UserSession.objects.create_from_request(request)


def turned_away(request: HttpRequest, reason: str) -> HttpResponse:
    """To the sign-in page, which says why and leads back here."""
    if request.headers.get("HX-Request") == "true":
        here = _local(request.headers.get("HX-Current-URL", ""))
        return HttpResponse(headers={"HX-Redirect": sign_in_address(reason, here)})
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"detail": _("Please sign in again.")}, status=401)
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    back = asked or _local(request.headers.get("Referer", ""))
    return HttpResponseRedirect(sign_in_address(reason, back))


def sign_in_address(reason: str, back: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'ended': reason, REDIRECT_FIELD_NAME: back})}"


def _local(address: str) -> str:
    """The path of a full address; the sign-in checks once more where it may lead."""
    parts: Any = urlsplit(address)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
