"""Programmes: seven steps with their control points, the catalogue, lots."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from digitization.forms import ExpectedForm, LotForm, ProgrammeForm
from digitization.models import Lot, Programme
from digitization.problems import problem
from digitization.rules import step_1_problems
from digitization.selectors.changes import programme_changes
from digitization.selectors.lots import lot_rows
from digitization.services import close_step_1, create_lot, create_programme, set_expected
from digitization.services.programmes import catalogue_facts
from digitization.views.shared import attempt
from security.http import (
    form_status,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
    visible_or_404,
)
from security.scope import may
from security.services import RefusedError

MANAGE = "digitization.manage"


@require_GET
@require_action("digitization.view")
def programme(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _programmes(), pk=pk)
    context = _context(request, row)
    record_shown(request, [line.lot for line in context["lots"]])
    return render(request, "digitization/programme.html", context)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def programme_new(request: HttpRequest) -> HttpResponse:
    form = ProgrammeForm(request.POST or None, actor=signed_in(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = create_programme(
                actor=signed_in(request), now=timezone.now(), **form.cleaned_data
            )
        except RefusedError as error:
            record_refusal(request, error)
            form.add_error(None, [found.message for found in error.problems])
        else:
            return redirect("digitization:programme", pk=made.pk)
    status = form_status(request, form)
    return render(request, "digitization/programme_new.html", {"form": form}, status=status)


@require_POST
@require_action(MANAGE)
def expected(request: HttpRequest, pk: int) -> HttpResponse:
    """Expected counts of the catalogue: empty takes a type out of scope."""
    row = visible_or_404(request, _programmes(), pk=pk)
    form = ExpectedForm(request.POST, programme=row)
    if not form.is_valid():
        context = _context(request, row) | {"expected_form": form}
        status = form_status(request, form)
        return render(request, "digitization/programme.html", context, status=status)
    attempt(
        request,
        lambda: set_expected(
            actor=signed_in(request), programme=row, counts=form.changed_counts, now=timezone.now()
        ),
        _("Expected counts saved."),
    )
    return redirect("digitization:programme", pk=pk)


@require_POST
@require_action(MANAGE)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close step 1 if its gate opens."""
    row = visible_or_404(request, _programmes(), pk=pk)
    attempt(
        request,
        lambda: close_step_1(actor=signed_in(request), programme=row, now=timezone.now()),
        _("Step 1 is closed; what its gate saw is kept as evidence."),
    )
    return redirect("digitization:programme", pk=pk)


@require_POST
@require_action(MANAGE)
def lot_new(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _programmes(), pk=pk)
    form = LotForm(request.POST, programme=row, actor=signed_in(request), now=timezone.now())
    if form.is_valid():
        try:
            lot = create_lot(
                actor=signed_in(request), programme=row, now=timezone.now(), **form.cleaned_data
            )
        except RefusedError as error:
            record_refusal(request, error)
            form.add_error(None, [found.message for found in error.problems])
        else:
            return redirect(reverse("digitization:lot", args=[lot.pk]))
    context = _context(request, row) | {"lot_form": form}
    status = form_status(request, form)
    return render(request, "digitization/programme.html", context, status=status)


def _programmes() -> QuerySet[Programme]:
    rows: QuerySet[Programme] = Programme.objects.select_related("unit", "focal_person")
    return rows


def _context(request: HttpRequest, row: Programme) -> dict[str, Any]:
    user, now = signed_in(request), timezone.now()
    lots = Lot.objects.visible_to(user).with_counts().filter(programme=row).order_by("code")
    missing = step_1_problems(catalogue_facts(row))
    steps = list(row.steps.select_related("closed_by"))
    manages = may(user, MANAGE, row)
    return {
        "programme": row,
        "steps": steps,
        "step_1_open": steps[0].state == "open",
        "missing": [problem(code) for code in missing],
        "types": list(row.types.filter(expected_count__gt=0)),
        "changes": programme_changes(user, row),
        "lots": lot_rows(lots[:200], user=user, now=now),
        "can_manage": manages,
        "expected_form": ExpectedForm(programme=row) if manages else None,
        "lot_form": LotForm(programme=row, actor=user, now=now) if manages else None,
    }
