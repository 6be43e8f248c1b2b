from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET

from digitization.selectors.exports import EXPORT
from digitization.selectors.search import search_scans
from security import audit
from security.http import record_shown, require_action, signed_in
from security.scope import may

LONGEST = 200


@require_GET
@require_action("digitization.view")
def search(request: HttpRequest) -> HttpResponse:
    """Recognised text and index data, accents optional, within what this person may see."""
    user, query = signed_in(request), typed_query(request)
    found = search_scans(user, query)
    if query:
        record_search(request, query, [hit.page.pk for hit in found.hits])
        record_shown(request, {hit.page.dossier for hit in found.hits} | {*found.dossiers})
    context = {"query": query, "found": found, "can_export": may(user, EXPORT)}
    name = "#results" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"digitization/search.html{name}", context)


def typed_query(request: HttpRequest) -> str:
    """What was looked for, as an address or a form carries it."""
    asked = request.POST if request.method == "POST" else request.GET
    return asked.get("q", "").strip()[:LONGEST]


def record_search(request: HttpRequest, query: str, ids: Iterable[int]) -> None:
    """A search on the trail: a keyed hash of the words, never the words."""
    audit.record(
        "search", actor=signed_in(request), object_type="digitization.page", ids=ids,
        reason=f"term {salted_hmac('digitization.search', query).hexdigest()[:16]}",
    )  # fmt: skip
