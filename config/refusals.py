"""Requests that no page of ours sends: 400 in the reader's language, and a line of the trail.
Requests that could not be written down: 503.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.csrf import csrf_failure
from django.views.defaults import server_error

from security import audit
from security.api.refusals import refuse
from security.audit import TrailError
from security.middleware import unanswered
from security.models import User


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Also Django's ``handler400``: forged hosts, too many fields, bodies that cannot be read.

    Nothing of the request is repeated. Only what somebody signed in sends goes to the trail: it is
    read by people, and strangers could fill it.
    """
    user = getattr(request, "user", None)
    if isinstance(user, User):
        why = type(exception).__name__ if exception else "NUL"
        audit.record("request.refused", actor=user, decision="denied", reason=why)
    return refuse(request, 400) or HttpResponse(render_to_string("400.html"), status=400)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token of its page (``CSRF_FAILURE_VIEW``).

    Of somebody signed in it is a denial: another site may have sent it in his name, or his page was
    open since before he signed in again. Of strangers it is no event: they could fill the trail.
    """
    user = getattr(request, "user", None)
    if isinstance(user, User):
        audit.record("request.forged", actor=user, decision="denied", reason=request.path[:200])
    return csrf_failure(request, reason)


def fault(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``. Views' TrailErrors end in TrailFirstMiddleware; this is for those of
    other middleware, which ends a session or asks for a second factor before any view."""
    error = sys.exc_info()[1]
    if isinstance(error, TrailError):
        return unanswered(request, f"the trail cannot be written ({error})")
    return server_error(request)
