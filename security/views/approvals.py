"""Approvals for levels 2 and 3: recorded and withdrawn by security officers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from security import audit
from security.forms.secrecy import ApprovalForm
from security.http import absent_part, form_status, record_refusal, require_action, signed_in
from security.levels import Secrecy
from security.models import SecrecyApproval
from security.selectors import classified
from security.services import RefusedError
from security.services.approvals import APPROVE, record_approval, withdraw_approval


@require_http_methods(["GET", "POST"])
@require_action(APPROVE)
def approvals(request: HttpRequest) -> HttpResponse:
    """The list, and the form to record one where the installation's ceiling allows any."""
    form = ApprovalForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _recorded(request, form):
        return redirect("security:approvals")
    rows = list(classified.approvals())
    audit.record(
        "list",
        actor=signed_in(request),
        object_type="security.secrecyapproval",
        ids=[row.pk for row in rows],
    )
    ceiling = min(settings.MAX_SECRECY_LEVEL, Secrecy.SECRET)
    context = {
        "approvals": rows,
        "form": form if ceiling >= Secrecy.CONFIDENTIAL else None,
        "ceiling": Secrecy(ceiling).label,
        "today": timezone.localdate(),
    }
    return render(request, "security/approvals.html", context, status=form_status(request, form))


@require_POST
@require_action(APPROVE)
def approval_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = SecrecyApproval.objects.filter(pk=pk).first()
    if row is None:
        raise absent_part(request, "security.secrecyapproval", pk)
    try:
        withdraw_approval(
            actor=signed_in(request),
            approval=row,
            now=timezone.now(),
            reason=request.POST.get("reason", ""),
        )
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The approval is withdrawn."))
    return redirect("security:approvals")


def _recorded(request: HttpRequest, form: ApprovalForm) -> bool:
    try:
        record_approval(actor=signed_in(request), now=timezone.now(), **form.cleaned_data)
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, [problem.message for problem in refusal.problems])
        return False
    messages.success(request, _("The approval is recorded."))
    return True
