from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from security import audit
from security.http import require_action, signed_in
from security.selectors.tree import FOUND_AT_MOST, find_units, units_offered
from security.signin import name_mark
from security.views.shared import asked_of

SEARCHED_FOR = (
    "security.manage_access",
    "security.manage_units",
    "security.review_access",
    "security.share_row",
    "security.break_glass",
    "campaign.manage",
)
FIELD_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


@require_GET
@require_action(*SEARCHED_FOR)
def unit_search(request: HttpRequest) -> HttpResponse:
    """Suggestions below a unit field: units on which the reader may do ``action``.

    name: the field's name, in which the typed text comes as well (or in ``q``).
    """
    action, name = asked_of(request, "action") or SEARCHED_FOR[0], asked_of(request, "name")
    if action not in SEARCHED_FOR or not FIELD_NAME.fullmatch(name or "q"):
        raise Http404
    typed = asked_of(request, name or "q")[:100]
    units = units_offered(signed_in(request), action)
    found = find_units(units, typed)[:FOUND_AT_MOST] if len(typed) > 1 else []
    if typed:
        audit.record(
            "search",
            actor=signed_in(request),
            object_type="security.unit",
            ids=[one.pk for one in found],
            reason=f"term {name_mark(typed)}",
        )
    context = {"found": found, "name": name or "q", "typed": typed}
    return render(request, "security/_units_found.html", context)
