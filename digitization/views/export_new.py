"""Asking for an export: of a dossier, of dossiers of a lot, of what a search found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from digitization import export_rules as rules
from digitization import services
from digitization.forms import ExportForm
from digitization.models import Dossier, Lot, Page
from digitization.selectors.exports import (
    EXPORT,
    Choice,
    able_to_decide,
    choice_of,
    denied_pages,
    dossiers_of,
    pages_found,
    pages_of_dossiers,
    taken_alone,
)
from digitization.views.dossiers import dossiers
from digitization.views.search import record_search, typed_query
from digitization.views.shared import number_of
from security.http import (
    form_status,
    record_foreign_choice,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
    visible_or_404,
)
from security.services import RefusedError

DOSSIERS_AT_MOST = 500


@require_http_methods(["GET", "POST"])
@require_action(EXPORT)
def export_dossier(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, dossiers(), pk=pk)
    context = {
        "crumbs": [
            (reverse("digitization:lot", args=[row.lot_id]), row.lot.code),
            (reverse("digitization:dossier", args=[pk]), row.code),
        ],
        "back": reverse("digitization:dossier", args=[pk]),
    }
    return _ask(request, pages_of_dossiers(signed_in(request), [row]), context)


@require_http_methods(["GET", "POST"])
@require_action(EXPORT)
def export_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One page: the way by which a picture leaves the reading room, under the rules of all exports."""
    rows: QuerySet[Page] = Page.objects.select_related("dossier")
    row = visible_or_404(request, rows, pk=pk)
    back = reverse("digitization:page", args=[pk])
    context = {
        "crumbs": [
            (reverse("digitization:dossier", args=[row.dossier_id]), row.dossier.code),
            (back, _("page")),
        ],
        "back": back,
    }
    pages: QuerySet[Page] = Page.objects.visible_to(signed_in(request)).filter(pk=pk)
    return _ask(request, pages, context)


@require_http_methods(["GET", "POST"])
@require_action(EXPORT)
def export_lot(request: HttpRequest, pk: int) -> HttpResponse:
    """All dossiers of a lot, or those that are ticked."""
    rows: QuerySet[Lot] = Lot.objects.select_related("programme", "unit")
    lot = visible_or_404(request, rows, pk=pk)
    there = list(dossiers_of(lot, signed_in(request))[:DOSSIERS_AT_MOST])
    record_shown(request, there)
    ticked = _ticked(request, there)
    context = {
        "crumbs": [(reverse("digitization:lot", args=[pk]), lot.code)],
        "back": reverse("digitization:lot", args=[pk]),
        "lot": lot,
        "dossiers": [(one, one in ticked) for one in there],
    }
    return _ask(request, pages_of_dossiers(signed_in(request), ticked), context)


@require_http_methods(["GET", "POST"])
@require_action(EXPORT)
def export_search(request: HttpRequest) -> HttpResponse:
    """The pages that a search found."""
    query = typed_query(request)
    pages = pages_found(signed_in(request), query)
    if request.method == "GET" and query:
        record_search(request, query, [])
    back = reverse("digitization:search")
    context = {"crumbs": [(back, None)], "back": back, "query": query, "of_search": True}
    return _ask(request, pages, context)


def _ticked(request: HttpRequest, there: Iterable[Dossier]) -> list[Dossier]:
    """Those chosen; all of them where nothing was chosen yet. A number that is none of these is
    nobody's choice: it chooses nothing and is on the trail."""
    asked = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and "dossier" not in asked:
        return list(there)
    wanted = {number_of(said) for said in asked.getlist("dossier")}
    ticked = [one for one in there if one.pk in wanted]
    if len(ticked) < len(wanted):
        record_foreign_choice(request, "dossier")
    return ticked


def _ask(request: HttpRequest, pages: QuerySet[Page], context: dict[str, Any]) -> HttpResponse:
    posted = request.method == "POST"
    form = ExportForm(request.POST if posted else None)
    if posted and form.is_valid():
        try:
            export = services.ask_export(
                actor=signed_in(request),
                pages=pages,
                purpose=form.cleaned_data["purpose"],
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except RefusedError as error:
            record_refusal(request, error)
            for problem in error.problems:
                form.add_error(None, problem.message)
        else:
            return redirect("digitization:export", number=export.number)
    context |= {"form": form, **_would_be(request, choice_of(pages))}
    status = form_status(request, form)
    return render(request, "digitization/export_new.html", context, status=status)


def _would_be(request: HttpRequest, chosen: Choice) -> dict[str, Any]:
    """What the export would hold, and whether it would take a second person."""
    user, now = signed_in(request), timezone.now()
    size = rules.Size(len(chosen.ids), chosen.level, taken_alone(user, now))
    alone = rules.may_go_alone(size, alone_at_most=settings.EXPORT_ALONE_AT_MOST)
    return {
        "second": [] if alone else able_to_decide(user, chosen.ids, now),
        "chosen": chosen,
        "size": size,
        "alone": alone,
        "alone_at_most": settings.EXPORT_ALONE_AT_MOST,
        "at_most": settings.EXPORT_AT_MOST,
        "too_large": size.pages > settings.EXPORT_AT_MOST,
        "denied": denied_pages(user, chosen.ids, EXPORT),
        "kept_hours": settings.EXPORT_KEPT_HOURS,
    }
