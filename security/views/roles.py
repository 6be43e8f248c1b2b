"""Roles as people read them: the matrix, one role with its holders, the second-factor switch."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from security import audit, holdings, matrix
from security.http import record_refusal, require_action, signed_in
from security.models import Role, Unit
from security.scope import may, roles_of
from security.services import RefusedError, set_mfa_required
from security.views.shared import asked_of

HOLDERS_SHOWN = 50


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
    reader = signed_in(request)
    one = get_object_or_404(Role, pk=code)
    holders = Paginator(holdings.holders_of(one, reader, timezone.now()), HOLDERS_SHOWN)
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
        "may_switch": _manages_everything(request),
        "may_waive": one.pk not in roles_of(reader),
    }
    return render(request, "security/role.html", context)


@require_POST
@require_action(holdings.MANAGE)
def role_mfa(request: HttpRequest, code: str) -> HttpResponse:
    """Require a second factor of this role's holders, or no longer."""
    one = get_object_or_404(Role, pk=code)
    required = request.POST.get("required") == "1"
    try:
        set_mfa_required(actor=signed_in(request), role=one, required=required, now=timezone.now())
        messages.success(request, _("Changed; it counts from the next page on."))
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    return redirect("security:role", code=code)


def _manages_everything(request: HttpRequest) -> bool:
    """The switch concerns holders everywhere: only for whoever manages every root."""
    user = signed_in(request)
    roots = Unit.objects.filter(parent=None, external=False)
    return may(user, holdings.MANAGE) and all(may(user, holdings.MANAGE, root) for root in roots)
