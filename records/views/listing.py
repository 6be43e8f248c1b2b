"""The list page of a register: search, filters, keyset pages, one line of the trail."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.crypto import salted_hmac

from records.fields import fields_of, readable_fields
from records.models.naming import NamedQuerySet
from records.registers import Register
from records.selectors import (
    NamePage,
    count_text,
    matches,
    name_page,
    unit_in_reach,
    units_to_choose,
)
from security import audit
from security.fields import HiddenFieldError
from security.http import refuse_query, signed_in

VIEW = "records.view"


def list_page(
    request: HttpRequest,
    register: Register,
    rows: NamedQuerySet,
    *,
    extra: dict[str, Any] | None = None,
    kept: dict[str, str] | None = None,
) -> HttpResponse:
    """Render one page of ``rows``, which are already restricted to what the reader may see.

    kept: further filters in force, carried along in the links.
    """
    user = signed_in(request)
    query = request.GET.get("q", "").strip()[:80]
    unit = unit_in_reach(user, VIEW, request.GET.get("unit", ""))
    if unit is not None:
        rows = rows.filter(unit_path__gte=unit.path, unit_path__lt=unit.path[:-1] + "0")
    try:
        found = matches(rows, query, user=user)
    except HiddenFieldError as refused:
        return refuse_query(request, refused)
    page = name_page(found, request.GET.get("at", ""))
    fields = fields_of(register.model)
    for row in page.rows:
        row.readable = readable_fields(user, row, fields)
    _record(request, register, page, query)
    filters = {"q": query, "unit": str(unit.pk) if unit else "", **(kept or {})}
    context = {
        "register": register,
        "page": page,
        "total": count_text(found, page),
        "query": query,
        "unit": unit,
        "filtered": any(filters.values()),
        "newer_url": _link(filters, page.newer),
        "older_url": _link(filters, page.older),
        **(extra or {}),
    }
    template = f"records/{register.name}_list.html"
    if request.headers.get("HX-Request"):
        template += "#results"
    else:
        context["units"] = units_to_choose(user, VIEW, unit)
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _link(filters: dict[str, str], cursor: str) -> str:
    if not cursor:
        return ""
    return "?" + urlencode({**{k: v for k, v in filters.items() if v}, "at": cursor})


def _record(request: HttpRequest, register: Register, page: NamePage, query: str) -> None:
    """One line with the ids shown; of the words searched for only a keyed hash."""
    term = salted_hmac("records.search", query).hexdigest()[:16] if query else ""
    audit.record(
        "search" if query else "list",
        actor=signed_in(request),
        object_type=register.model._meta.label_lower,
        ids=[row.pk for row in page.rows],
        reason=f"term {term}" if term else "",
    )
