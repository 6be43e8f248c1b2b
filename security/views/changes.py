"""Changes of the role × action matrix: approved, refused, withdrawn."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from security import audit
from security.http import require_action, signed_in
from security.models import MatrixChange
from security.selectors.holdings import APPROVE, MANAGE
from security.services import approve_change, refuse_change, withdraw_change
from security.views.shared import reason_of, tell


def _change_or_404(request: HttpRequest, pk: int) -> MatrixChange:
    """The matrix is one for all, so no unit hides a change; one that is not there is a denial."""
    change = MatrixChange.objects.filter(pk=pk).first()
    if change is None:
        kind = "security.matrixchange"
        actor = signed_in(request)
        audit.record("read", actor=actor, object_type=kind, object_id=pk, decision="denied")
        raise Http404
    return change


@require_POST
@require_action(APPROVE)
def change_approve(request: HttpRequest, pk: int) -> HttpResponse:
    change = _change_or_404(request, pk)

    def approve() -> str:
        approve_change(actor=signed_in(request), change=change, now=timezone.now())
        return _("Approved. The role is changed for everybody who holds it.")

    tell(request, approve)
    return redirect("security:requests")


@require_POST
@require_action(APPROVE)
def change_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    change = _change_or_404(request, pk)

    def refuse() -> str:
        reason, now = reason_of(request), timezone.now()
        refuse_change(actor=signed_in(request), change=change, reason=reason, now=now)
        return _("Refused. Whoever asked sees the reason.")

    tell(request, refuse)
    return redirect("security:requests")


@require_POST
@require_action(MANAGE)
def change_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    change = _change_or_404(request, pk)

    def withdraw() -> str:
        withdraw_change(actor=signed_in(request), change=change, now=timezone.now())
        return _("Withdrawn.")

    tell(request, withdraw)
    return redirect("security:requests")
