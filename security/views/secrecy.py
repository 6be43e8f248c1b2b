"""Secrecy levels on screen: one row's decisions, what is due, standing decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from security import audit
from security.forms.secrecy import BasisForm, ClassifyForm
from security.http import (
    absent_part,
    form_status,
    record_refusal,
    require_action,
    signed_in,
    visible_or_404,
)
from security.models import Classification, Protected, protected_models
from security.scope import may
from security.selectors import classified
from security.services import RefusedError
from security.services.approvals import APPROVE
from security.services.secrecy import CLASSIFY, DECLASSIFY, classify, review_standing


@require_GET
@require_action(CLASSIFY, DECLASSIFY, APPROVE)
def classifications(request: HttpRequest) -> HttpResponse:
    """What is due for review this month, and the standing decisions."""
    user, today = signed_in(request), timezone.localdate()
    until = classified.month_end(today)
    due = classified.due_for_review(user, until)
    audit.record(
        "list", actor=user, object_type="security.classification", ids=[one.row.pk for one in due]
    )
    names = _kinds()
    context = {
        "due": due,
        "today": today,
        "until": until,
        "standing": [
            (one, names.get(one.object_type, one.object_type))
            for one in classified.standing_decisions()
        ],
        "classifies": may(user, CLASSIFY),
        "approves": may(user, APPROVE),
    }
    return render(request, "security/classifications.html", context)


@require_http_methods(["GET", "POST"])
@require_action(CLASSIFY, DECLASSIFY)
def classification(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The decisions on one row, and the form to raise, confirm or lower its level."""
    row = _row_or_404(request, kind, pk)
    rests_on = classified.basis_of(row)
    form = ClassifyForm(request.POST or None, level=row.level, now_rests_on=rests_on)
    if request.method == "POST" and form.is_valid() and _decided(request, row, form):
        return redirect("security:classification", kind=kind, pk=pk)
    context = {
        "row": row,
        "kind": _kinds()[kind],
        "back": reverse(row.detail_url, args=[row.pk]),
        "rests_on": rests_on,
        "decisions": classified.decisions_on(row),
        "form": form,
    }
    return render(
        request, "security/classification.html", context, status=form_status(request, form)
    )


@require_http_methods(["GET", "POST"])
@require_action(APPROVE)
def standing(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or reword a standing decision."""
    row = Classification.objects.filter(pk=pk, kind=Classification.Kind.STANDING).first()
    if row is None:
        raise absent_part(request, "security.classification", pk)
    audit.record("list", actor=signed_in(request), object_type="security.classification", ids=[pk])
    form = BasisForm(request.POST or None, now_rests_on=row)
    if request.method == "POST" and form.is_valid() and _confirmed(request, row, form):
        return redirect("security:classifications")
    earlier = Classification.objects.filter(kind=row.kind, object_type=row.object_type)
    context = {
        "standing": row,
        "kind": _kinds().get(row.object_type, row.object_type),
        "decisions": earlier.select_related("classified_by").order_by("-id"),
        "form": form,
    }
    return render(request, "security/standing.html", context, status=form_status(request, form))


def _kinds() -> dict[str, str]:
    """``app.model`` → what one such row is called."""
    return {
        model._meta.label_lower: str(model.kind_name or model._meta.verbose_name)
        for model in protected_models()
    }


def _row_or_404(request: HttpRequest, kind: str, pk: int) -> Protected:
    """A visible row whose level this person may decide; others get the same 404."""
    user = signed_in(request)
    model = next((m for m in protected_models() if m._meta.label_lower == kind), None)
    if model is None or not model.detail_url:
        audit.record("read", actor=user, object_type=kind, object_id=pk, decision="denied")
        raise Http404
    row: Protected = visible_or_404(request, model._default_manager.all(), pk=pk)
    if not classified.may_classify(user, row):
        audit.record(CLASSIFY, actor=user, row=row, decision="denied")
        raise Http404
    return row


def _decided(request: HttpRequest, row: Protected, form: ClassifyForm) -> bool:
    return _attempt(
        request,
        form,
        lambda: classify(
            actor=signed_in(request),
            row=row,
            level=form.cleaned_data["level"],
            basis=form.basis,
            now=timezone.now(),
        ),
    )


def _confirmed(request: HttpRequest, row: Classification, form: BasisForm) -> bool:
    return _attempt(
        request,
        form,
        lambda: review_standing(
            actor=signed_in(request), standing=row, basis=form.basis, now=timezone.now()
        ),
    )


def _attempt(request: HttpRequest, form: Any, decide: Any) -> bool:
    try:
        decide()
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, [problem.message for problem in refusal.problems])
        return False
    messages.success(request, _("The decision is recorded."))
    return True
