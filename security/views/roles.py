"""Roles as people read them: the matrix, one role with its holders, the second-factor switch."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from security import audit
from security.http import require_action, signed_in
from security.models import Role
from security.scope import may, roles_of
from security.selectors import holdings, matrix
from security.services import change_role_action, set_mfa_required
from security.services.matrix import acts_everywhere
from security.views.shared import asked_of, reason_of, tell

HOLDERS_SHOWN = 50
CHANGES_SHOWN = 10


@require_GET
@require_action(*holdings.OVERSEES)
def roles(request: HttpRequest) -> HttpResponse:
    columns, areas = matrix.role_matrix()
    counts = holdings.holder_counts(signed_in(request), timezone.now())
    audit.record("list", actor=signed_in(request), object_type="security.role")
    context = {
        "roles": [(role, counts.get(role.pk, 0)) for role in columns],
        "areas": areas,
        "width": len(columns) + 1,
    }
    return render(request, "security/roles.html", context)


@require_GET
@require_action(*holdings.OVERSEES)
def role(request: HttpRequest, code: str) -> HttpResponse:
    """One role: what it may do, and who holds it on the units the reader oversees."""
    reader, now = signed_in(request), timezone.now()
    one = get_object_or_404(Role, pk=code)
    holders = Paginator(holdings.holders_of(one, reader, now), HOLDERS_SHOWN)
    page = holders.get_page(asked_of(request, "page"))
    audit.record(
        "list",
        actor=reader,
        object_type="security.rolegrant",
        ids=[grant.pk for grant in page.object_list],
        reason=one.pk,
    )
    allowed, refused = matrix.actions_of(one)
    context = {
        "role": one,
        "allowed": allowed,
        "refused": refused,
        "page": page,
        "holders": [(grant, may(reader, holdings.MANAGE, grant.user.unit)) for grant in page],
        "may_switch": acts_everywhere(reader, holdings.MANAGE),
        "may_waive": not one.high and one.pk not in roles_of(reader),
        "may_ask": matrix.may_ask(reader, one, now),
        "changeable": matrix.changeable(allowed, refused),
        "changes": matrix.change_lines(
            reader, matrix.changes_shown().filter(role=one)[:CHANGES_SHOWN], now
        ),
    }
    return render(request, "security/role.html", context)


@require_POST
@require_action(holdings.MANAGE)
def role_mfa(request: HttpRequest, code: str) -> HttpResponse:
    """Require a second factor of this role's holders, or no longer."""
    one = get_object_or_404(Role, pk=code)
    required = request.POST.get("required") == "1"

    def switch() -> str:
        actor = signed_in(request)
        set_mfa_required(actor=actor, role=one, required=required, now=timezone.now())
        return _("Changed; it counts from the next page on.")

    tell(request, switch)
    return redirect("security:role", code=code)


@require_POST
@require_action(holdings.MANAGE)
def role_change(request: HttpRequest, code: str) -> HttpResponse:
    """Ask that this role may do an action, or no longer."""
    one = get_object_or_404(Role, pk=code)
    kind, _colon, action = request.POST.get("change", "").partition(":")

    def ask() -> str:
        change_role_action(
            actor=signed_in(request),
            role=one,
            action=action,
            allowed=kind == "allow",
            reason=reason_of(request),
            now=timezone.now(),
        )
        return _("Asked for. The matrix changes when a second person approves it.")

    tell(request, ask)
    return redirect("security:role", code=code)
