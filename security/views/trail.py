from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from security import audit
from security.http import require_action, signed_in
from security.selectors import trail as selectors
from security.views.shared import asked_of


@require_GET
@require_action("security.view_trail")
def trail(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    wanted = selectors.TrailFilter(
        who=asked_of(request, "who"),
        action=asked_of(request, "action"),
        denied=request.GET.get("denied") == "1",
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
    )
    events, more = selectors.trail(wanted, signed_in(request))
    audit.record("trail.read", actor=signed_in(request), object_type="security.auditevent")
    return render(request, "security/trail.html", {"events": events, "more": more, "asked": wanted})
