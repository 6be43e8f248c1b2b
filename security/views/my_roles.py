"""One's own roles: what one holds, what was passed on, passing on a role while on leave."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from security import audit
from security.forms.roles import DelegationForm
from security.http import form_status, record_refusal, signed_in
from security.models import RoleGrant, RoleRequest
from security.selectors import holdings
from security.services import RefusedError, end_delegation, offer_role
from security.views.shared import people_suggested

PASSED_ON_SHOWN = 50


@require_http_methods(["GET", "POST"])
def my_roles(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    grants = holdings.delegable_grants(user, now)
    form = None
    if grants:
        form = DelegationForm(
            request.POST or None, grants=grants, colleagues=holdings.colleagues_of(user, grants)
        )
    if request.method == "POST":
        if form is None:
            audit.record("role.delegated", actor=user, decision="denied", reason=request.path)
            raise Http404
        if form.is_valid() and _passed_on(request, form):
            return redirect("security:my_roles")
    held = holdings.holdings_of(user, now, user)
    asked = RoleRequest.objects.filter(decision=RoleRequest.Decision.WAITING)
    asked = asked.select_related("user", "role", "unit", "requested_by")
    context = {
        "form": form,
        "current": [one for one in held if one.is_open],
        "past": [one for one in held if not one.is_open],
        "passed_on": holdings.passed_on_by(user, now)[:PASSED_ON_SHOWN],
        "waiting": asked.filter(requested_by=user).exclude(delegated_from=None),
        "for_me": asked.filter(user=user),
    }
    return render(request, "security/my_roles.html", context, status=form_status(request, form))


@require_POST
def delegation_end(request: HttpRequest, grant: int) -> HttpResponse:
    """Take back what one passed on, or give back what one was given."""
    user = signed_in(request)
    row = RoleGrant.objects.filter(pk=grant).select_related("delegated_from").first()
    if row is None:
        audit.record("role.delegation_ended", actor=user, object_id=grant, decision="denied")
        raise Http404
    try:
        end_delegation(actor=user, grant=row, now=timezone.now())
        messages.success(request, _("The passed-on role has ended."))
    except RefusedError as refusal:
        if record_refusal(request, refusal):
            raise Http404 from refusal
        messages.error(request, str(refusal))
    return redirect("security:my_roles")


@require_GET
def colleague_search(request: HttpRequest) -> HttpResponse:
    """Suggestions below the field of a person, for whoever has a role to pass on."""
    user = signed_in(request)
    grants = holdings.delegable_grants(user, timezone.now())
    if not grants:
        audit.record("search", actor=user, object_type="security.user", decision="denied")
        raise Http404
    return people_suggested(request, holdings.colleagues_of(user, grants))


def _passed_on(request: HttpRequest, form: DelegationForm) -> bool:
    now = timezone.now()
    try:
        given = offer_role(actor=signed_in(request), terms=form.terms(now), now=now)
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, str(refusal))
        return False
    if isinstance(given, RoleRequest):
        messages.success(request, _("Asked for. The role begins when a second person approves it."))
    else:
        messages.success(request, _("The role is passed on."))
    return True
