from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from security import audit
from security.http import require_action, signed_in
from security.people_search import STATES, PeopleFilter, found_people
from security.signin import name_mark
from security.views.shared import asked_of


@require_GET
@require_action("security.manage_access")
def people(request: HttpRequest) -> HttpResponse:
    number, state = asked_of(request, "page"), asked_of(request, "state")
    asked = PeopleFilter(
        text=asked_of(request, "q")[:100],
        unit=asked_of(request, "unit_pick") or asked_of(request, "unit"),
        state=state if state in STATES else "",
        page=max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1,
    )
    page = found_people(signed_in(request), timezone.now(), asked)
    audit.record(
        "search" if asked.text else "list",
        actor=signed_in(request),
        object_type="security.user",
        ids=[one.pk for one in page.people],
        reason=f"term {name_mark(asked.text)}" if asked.text else "",
    )
    return render(request, "security/people.html", {"page": page, "asked": asked})
