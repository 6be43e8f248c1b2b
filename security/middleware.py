from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from security.context import Origin, origin


class RequestContextMiddleware:
    """Give every trail row written during this request its origin, and every answer its number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key or ""
        here = Origin(
            session=hashlib.sha256(key.encode()).hexdigest()[:32] if key else "",
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
