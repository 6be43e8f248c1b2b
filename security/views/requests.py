"""Waiting for a second person: high roles asked for, approved, refused, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from security import audit
from security.http import require_action, signed_in
from security.models import RoleRequest
from security.scope import may
from security.selectors import holdings, matrix
from security.services import approve_role, refuse_role, withdraw_role
from security.views.shared import reason_of, tell

SHOWN_AT_MOST = 200
DECIDED_SHOWN = 30
DECIDED_WITHIN = timedelta(days=90)
Decision = RoleRequest.Decision


@require_GET
@require_action(holdings.MANAGE, holdings.APPROVE)
def requests(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    shown = holdings.requests_shown_to(user)
    waiting = shown.filter(decision=Decision.WAITING).order_by("requested_at")[:SHOWN_AT_MOST]
    decided = shown.exclude(decision=Decision.WAITING).filter(decided_at__gte=now - DECIDED_WITHIN)
    lines = holdings.request_lines(user, waiting)
    context = {
        "mine": [line for line in lines if line.may_decide],
        "others": [line for line in lines if not line.may_decide],
        "decided": decided.order_by("-decided_at")[:DECIDED_SHOWN],
        "approves": may(user, holdings.APPROVE),
        "manages": may(user, holdings.MANAGE),
        "changes": matrix.change_lines(
            user, matrix.changes_shown().filter(decision=Decision.WAITING), now
        ),
        "now": now,
    }
    ids = [line.request.pk for line in lines]
    audit.record("list", actor=user, object_type="security.rolerequest", ids=ids)
    return render(request, "security/requests.html", context)


@require_POST
@require_action(holdings.APPROVE)
def request_approve(request: HttpRequest, pk: int) -> HttpResponse:
    def approve(asked: RoleRequest) -> str:
        approve_role(actor=signed_in(request), request=asked, now=timezone.now())
        return _("Approved. The role is given.")

    return _decided(request, pk, approve)


@require_POST
@require_action(holdings.APPROVE)
def request_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    def refuse(asked: RoleRequest) -> str:
        reason, now = reason_of(request), timezone.now()
        refuse_role(actor=signed_in(request), request=asked, reason=reason, now=now)
        return _("Refused. Whoever asked sees the reason.")

    return _decided(request, pk, refuse)


@require_POST
def request_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Open to whoever asked: leaders who pass on their role have no access pages."""

    def withdraw(asked: RoleRequest) -> str:
        withdraw_role(actor=signed_in(request), request=asked, now=timezone.now())
        return _("Withdrawn.")

    return _decided(request, pk, withdraw)


def _decided(request: HttpRequest, pk: int, decide: Callable[[RoleRequest], str]) -> HttpResponse:
    user = signed_in(request)
    asked = holdings.requests_shown_to(user).filter(pk=pk).first()
    if asked is None:
        audit.record(
            "read",
            actor=user,
            object_type="security.rolerequest",
            object_id=pk,
            decision="denied",
        )
        raise Http404
    tell(request, lambda: decide(asked))
    oversees = may(user, holdings.MANAGE) or may(user, holdings.APPROVE)
    return redirect("security:requests" if oversees else "security:my_roles")
