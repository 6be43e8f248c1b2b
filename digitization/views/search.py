from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET

from digitization.selectors.search import search_scans
from security import audit
from security.http import require_action, signed_in

LONGEST = 200


@require_GET
@require_action("digitization.view")
def search(request: HttpRequest) -> HttpResponse:
    """Recognised text and index data, accents optional, within what this person may see."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    found = search_scans(signed_in(request), query)
    if query:
        audit.record(
            "search", actor=signed_in(request), object_type="digitization.page",
            ids=[hit.page.pk for hit in found.hits],
            reason=f"term {salted_hmac('digitization.search', query).hexdigest()[:16]}",
        )  # fmt: skip
    context = {"query": query, "found": found}
    name = "#results" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"digitization/search.html{name}", context)
