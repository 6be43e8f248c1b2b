"""A lot: progress, what could not be read, dossiers, acceptance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from digitization import services
from digitization.forms import AssignForm
from digitization.models import Dossier, Lot, Page, Programme
from digitization.problems import condition, problem
from digitization.selectors.changes import lot_changes
from digitization.selectors.counts import fit_counters
from digitization.selectors.lots import (
    acceptance_gate,
    failed_pages,
    index_gaps,
    lot_pace,
    lot_signature,
)
from digitization.views.shared import attempt
from security.http import (
    record_forged,
    record_read,
    record_shown,
    require_action,
    signed_in,
    unread_or_404,
    visible_or_404,
)
from security.models import User
from security.scope import may

VIEW = "digitization.view"


@require_GET
@require_action(VIEW)
def lot(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, and for htmx its living part (204 where nothing changed)."""
    if request.htmx:  # type: ignore[attr-defined]
        row = unread_or_404(request, _lots(), pk=pk)
        fit_counters([row], signed_in(request))
        if request.GET.get("seen") == lot_signature(row):
            return HttpResponse(status=204)
        record_read(request, row)
        context = _context(request, row)
        record_shown(request, _named(context))
        return render(request, "digitization/lot.html#live", context)
    row = visible_or_404(request, _lots(), pk=pk)
    fit_counters([row], signed_in(request))
    context = _context(request, row) | _choices(request, row)
    record_shown(request, _named(context))
    return render(request, "digitization/lot.html", context)


@require_POST
@require_action("digitization.upload")
def dossier_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    code = request.POST.get("code", "")
    opened: list[Dossier] = []
    attempt(
        request,
        lambda: opened.append(
            services.open_dossier(
                actor=signed_in(request),
                lot=row,
                code=code,
                now=timezone.now(),
                title=request.POST.get("title", ""),
                subject=request.POST.get("subject", ""),
            )
        ),
        _("Dossier %(code)s opened.") % {"code": code},
    )
    if opened:
        return redirect("digitization:dossier", pk=opened[0].pk)
    return redirect("digitization:lot", pk=pk)


@require_POST
@require_action("digitization.manage")
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    form = AssignForm(request.POST, unit=row.unit, now=timezone.now())
    if form.is_valid():
        attempt(
            request,
            lambda: services.assign_lot(
                actor=signed_in(request),
                lot=row,
                operator=form.cleaned_data["operator"],
                now=timezone.now(),
            ),
            _("The lot has its operator."),
        )
    else:
        record_forged(request, form)
        messages.error(request, _("Choose one of the operators of this unit."))
    return redirect("digitization:lot", pk=pk)


@require_POST
@require_action("digitization.correct")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    attempt(
        request,
        lambda: services.retry_failed(actor=signed_in(request), on=row, now=timezone.now()),
        _("The pages wait to be read again."),
    )
    return redirect("digitization:lot", pk=pk)


@require_POST
@require_action("digitization.inspect")
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    attempt(
        request,
        lambda: services.accept_lot(actor=signed_in(request), lot=row, now=timezone.now()),
        _("The lot is accepted."),
    )
    return redirect("digitization:lot", pk=pk)


@require_POST
@require_action("digitization.inspect")
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    attempt(
        request,
        lambda: services.reject_lot(
            actor=signed_in(request),
            lot=row,
            now=timezone.now(),
            reason=request.POST.get("reason", ""),
        ),
        _("The lot is returned."),
    )
    return redirect("digitization:lot", pk=pk)


@require_POST
@require_action("digitization.upload")
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _lots(), pk=pk)
    attempt(
        request,
        lambda: services.reopen_lot(actor=signed_in(request), lot=row, now=timezone.now()),
        _("The lot is open again."),
    )
    return redirect("digitization:lot", pk=pk)


def _lots() -> QuerySet[Lot]:
    rows: QuerySet[Lot] = Lot.objects.with_counts().select_related("judged_by")
    return rows


def _named(context: dict[str, Any]) -> list[Dossier | Page]:
    """Dossiers and failed pages that stand on the page of a lot."""
    dossiers = [dossier for dossier, _gap in context["dossiers"]]
    return [*dossiers, *(page for page, _why in context["failed"])]


def _context(request: HttpRequest, row: Lot) -> dict[str, Any]:
    user, now = signed_in(request), timezone.now()
    gaps = {gap.dossier.pk: gap for gap in index_gaps(row, user)}
    failed = failed_pages(row, user)
    inspects = may(user, "digitization.inspect", row)
    return {
        "lot": row,
        "counter": row.counter,
        "pace": lot_pace(row, now=now) if row.counter.busy else None,
        "signature": lot_signature(row),
        "now": now,
        "dossiers": [(dossier, gaps.get(dossier.pk)) for dossier in _dossiers(user, row)],
        "failed": [(page, problem(page.job.error_code).message) for page in failed[:50]],
        "failed_count": len(failed),
        "gate": [
            (line.holds, condition(line.code))
            for line in acceptance_gate(row, inspector=user)
            if inspects or line.code != "own_work"
        ],
        "programme_shown": Programme.objects.visible_to(user).filter(pk=row.programme_id).exists(),
        "can_inspect": inspects,
        "can_export": may(user, "digitization.export", row),
        "can_upload": may(user, "digitization.upload", row),
        "can_correct": may(user, "digitization.correct", row),
        "url": reverse("digitization:lot", args=[row.pk]),
    }


def _choices(request: HttpRequest, row: Lot) -> dict[str, object]:
    manages = may(signed_in(request), "digitization.manage", row)
    return {
        "changes": lot_changes(signed_in(request), row),
        "assign_form": AssignForm(
            unit=row.unit, now=timezone.now(), initial={"operator": row.assigned_to_id}
        )
        if manages and row.state == Lot.State.OPEN
        else None,
    }


def _dossiers(user: User, row: Lot) -> list[Dossier]:
    """Dossiers of the lot that the user may see, with their page counts."""
    seen = Q(pages__in=Page.objects.visible_to(user).filter(dossier__lot=row))
    return list(
        Dossier.objects.visible_to(user)
        .filter(lot=row)
        .annotate(
            page_total=Count("pages", filter=seen),
            page_done=Count("pages", filter=seen & Q(pages__job__state="done")),
            page_failed=Count("pages", filter=seen & Q(pages__job__state="failed")),
        )
        .annotate(page_left=F("page_total") - F("page_done"))
        .order_by("code")[:500]
    )
