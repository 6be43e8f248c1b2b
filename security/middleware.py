from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from security import sessions
from security.context import Origin, origin, session_mark


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
