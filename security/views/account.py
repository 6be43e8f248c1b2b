"""One's own account: what one holds, and where one is signed in."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from security.http import signed_in
from security.selectors.account import last_link, open_sessions, own_roles
from security.services.sessions import end_own_session, end_own_sessions


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    context = {"roles": own_roles(user, now), "link": last_link(user), "now": now}
    return render(request, "security/account.html", context)


@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    user, key = signed_in(request), request.session.session_key
    found = open_sessions(user, key=key, now=timezone.now())
    if not any(one.here for one in found):  # signed in by a way that lists nothing
        UserSession.objects.create_from_request(request)
        found = open_sessions(user, key=key, now=timezone.now())
    return render(request, "security/sessions.html", {"sessions": found})


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one other session of one's own; one's own present session ends by signing out."""
    if not end_own_session(actor=signed_in(request), pk=pk, keep=request.session.session_key):
        raise Http404
    messages.success(request, _("Signed out there."))
    return redirect("account_sessions")


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    ended = end_own_sessions(actor=signed_in(request), keep=request.session.session_key)
    said = ngettext("Signed out of %(n)d other place.", "Signed out of %(n)d other places.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("account_sessions")
