"""While the installation is closed every page answers 503, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from config.keeping.closed import is_closed

OPEN_TO_ALL = frozenset({"/healthz"})
RETRY_AFTER = "600"


class ClosedMiddleware:
    """Before sessions and everything that asks the database; static files need neither."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in OPEN_TO_ALL or not is_closed():
            return self.get_response(request)
        answer = HttpResponse(render_to_string("closed.html"), status=503)
        answer["Retry-After"] = RETRY_AFTER
        answer["Cache-Control"] = "no-store"
        return answer
