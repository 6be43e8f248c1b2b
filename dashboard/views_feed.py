"""The calendar feed: its page under one's account, and the file that calendar programs fetch."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from dashboard.notices import feeds
from dashboard.notices.calendar import calendar_of
from dashboard.notices.writing import address
from security.http import require_action, signed_in

VIEW = "campaign.view"
PLAIN, ICS = "text/plain; charset=utf-8", "text/calendar; charset=utf-8"


@require_GET
@require_action(VIEW)
def calendar(request: HttpRequest) -> HttpResponse:
    context = {"feed": feeds.open_feed(signed_in(request))}
    return render(request, "dashboard/calendar_feed.html", context)


@require_http_methods(["GET", "POST"])
@require_action(VIEW)
# The address outlives the session: one that somebody left open must not make it.
@reauthentication_required  # type: ignore[untyped-decorator]
@sensitive_variables("plain")
def make(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    if request.method == "GET":
        return render(request, "dashboard/calendar_feed_new.html", {"feed": feeds.open_feed(user)})
    plain = feeds.make_feed(actor=user, now=timezone.now())
    # Shown in this answer and never again: after a redirect it would have to lie somewhere.
    url = address(reverse("calendar_feed_file", args=[plain]))
    return render(request, "dashboard/calendar_feed_made.html", {"url": url})


@require_POST
@require_action(VIEW)
def end(request: HttpRequest) -> HttpResponse:
    if feeds.end_feed(actor=signed_in(request), now=timezone.now()):
        messages.success(request, _("The address was revoked; it gives nothing any more."))
    return redirect("calendar_feed")


@login_not_required
@require_safe
@sensitive_variables("key")
def file(request: HttpRequest, key: str) -> HttpResponse:
    """The calendar of the person whose key this is: 404 for a wrong key, 410 for one that ended."""
    now = timezone.now()
    feed = feeds.feed_of(key)
    if feed is None:
        return _plain("404", 404)
    if feed.revoked_at is not None or not feed.user.is_active:
        return _plain("410", 410)
    if feeds.asked_too_often(feed):
        response = _plain("429", 429)
        response.headers["Retry-After"] = str(feeds.AN_HOUR)
        return response
    made = calendar_of(feed.user, now=now)
    feeds.note_read(feed=feed, tasks=made.tasks, now=now)
    # Compared weakly: a program or proxy may send it back without its W/.
    if made.etag.removeprefix("W/") in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(made.body, content_type=ICS)
        response.headers["Content-Disposition"] = 'inline; filename="sau-ro.ics"'
    response.headers["ETag"] = made.etag
    return _private(response)


def _plain(text: str, status: int) -> HttpResponse:
    return _private(HttpResponse(text, status=status, content_type=PLAIN))


def _private(response: HttpResponse) -> HttpResponse:
    """No proxy keeps it, no search engine lists it, and a link in it tells no other site the key."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
