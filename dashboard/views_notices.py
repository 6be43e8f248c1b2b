"""The inbox, its badge on every page, and marking as read."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.inbox import NoticeFilter, inbox_page, unread_count
from dashboard.living import answer
from dashboard.models import Notice
from dashboard.notices.choosing import mark_read, mark_unread
from security import audit
from security.http import record_foreign_choice, signed_in

SHOWN = 200


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The inbox. Whatever it shows leaves a row in the trail; hearing "nothing new" does not."""
    user = signed_in(request)
    page = inbox_page(user, NoticeFilter.from_query(request.GET), timezone.now())
    response = answer(request, "dashboard/notices.html", page)
    if response.status_code == SHOWN:
        audit.record("notices.read", actor=user, object_type="campaign.task", ids=page.shown)
    return response


@require_GET
def badge(request: HttpRequest) -> HttpResponse:
    """How many notices are unread; 204 to a page that shows this very number."""
    unread = unread_count(signed_in(request))
    if f'"{unread}"' in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=204)
    return render(request, "dashboard/_badge.html", {"unread": unread})


@require_POST
def mark(request: HttpRequest) -> HttpResponse:
    """Mark one's own notices as read or unread: the chosen ones, or all of them as read.

    A number that is not one of the reader's notices is no choice that a page offered.
    """
    user, now = signed_in(request), timezone.now()
    mine = Notice.objects.visible_to(user)
    if request.POST.get("all"):
        done = mark_read(user=user, notices=mine, now=now)
        said = ngettext("%(n)d notice marked as read.", "%(n)d notices marked as read.", done)
        messages.success(request, said % {"n": done})
        return _back(request)
    chosen = _chosen(request)
    rows = mine.filter(pk__in=chosen)
    if not chosen or rows.count() != len(chosen):
        record_foreign_choice(request, "notice")
        raise Http404
    if request.POST.get("as") == "unread":
        mark_unread(user=user, notices=rows)
    else:
        mark_read(user=user, notices=rows, now=now)
    return _back(request)


def _chosen(request: HttpRequest) -> set[int]:
    """Numbers of notices; anything else that was sent makes the whole choice a foreign one."""
    said = request.POST.getlist("notice")
    good = {int(one) for one in said if one.isascii() and one.isdigit() and len(one) < 19}
    return good if len(good) == len(set(said)) else set()


def _back(request: HttpRequest) -> HttpResponse:
    """To the part of the inbox that was looked at; a script that marked by the way needs no page."""
    if request.headers.get("X-Quiet"):
        return HttpResponse(status=204)
    wanted = request.POST.get("back", "")
    mine = reverse("notices")
    good = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if good and wanted.startswith(mine) else mine)
