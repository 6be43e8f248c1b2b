from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from security import sessions, trail_first
from security.api.refusals import refuse
from security.audit import TrailError
from security.context import Origin, current_origin, origin, session_mark

log = logging.getLogger(__name__)


class RequestContextMiddleware:
    """Give every trail row written during this request its origin, and every answer its number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        here = Origin(
            session=session_mark(request.session.session_key),
            address=request.META.get("REMOTE_ADDR", ""),
            request=uuid.uuid4().hex,
        )
        with origin(here):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = here.request
        if request.user.is_authenticated:
            # Personal pages never rest in a browser's or a proxy's cache.
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class SessionLimitsMiddleware:
    """Ends a session that is too old, was left alone, or stands on a role that ended.

    After RequestContextMiddleware, whose origin the line of the trail bears, and before whoever
    asks for a signed-in user. Pages lead to the sign-in with the reason; views that need no
    session and the API, which answers for itself, go on without one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        request.session_over = sessions.end_if_over(request, now)  # type: ignore[attr-defined]
        sessions.renew(request, now)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: Any
    ) -> HttpResponse | None:
        reason: str = request.session_over  # type: ignore[attr-defined]
        if reason and getattr(view, "login_required", True):
            return sessions.turned_away(request, reason)
        return None


class TrailFirstMiddleware:
    """No answer without its line on the trail: 503 instead, with a sentence and nothing else.

    After RequestContextMiddleware, so that the log names the request. At every level a line that
    cannot be written ends the request. From level 2 on, rows that were loaded without any
    committed line are not shown either; that is a fault of a view, and the log names it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.MAX_SECRECY_LEVEL < trail_first.FIRST:
            return self.get_response(request)
        with trail_first.watched() as reading:
            response = self.get_response(request)
        if reading.owes_a_line and _shows_something(response):
            response.close()
            return unanswered(request, "rows were loaded and no line was written")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TrailError):
            return unanswered(request, f"the trail cannot be written ({error})")
        return None


def _shows_something(response: HttpResponse) -> bool:
    """Pages, data and files; also forms that come back. Redirects and "unchanged" show nothing."""
    return response.status_code in (200, 206, 400, 422)


def unanswered(request: HttpRequest, why: str) -> HttpResponse:
    """503, made without the database, which may be what is missing. why: for the log alone."""
    match = request.resolver_match
    view = match.view_name if match else ""
    log.error("no answer for %s, request %s: %s", view, current_origin().request, why)
    response = refuse(request, 503) or HttpResponse(render_to_string("503.html"), status=503)
    response.headers["Retry-After"] = "30"
    return response
