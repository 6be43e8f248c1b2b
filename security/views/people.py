"""The page of a person: the roles he holds and held, giving one, ending one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from security.forms.roles import EndGrantForm, GrantForm
from security.http import absent_part, form_status, record_refusal, require_action, signed_in
from security.models import RoleGrant, RoleRequest, User
from security.selectors import holdings
from security.services import RefusedError, end_role, offer_role
from security.views.shared import person_or_404

Decision = RoleRequest.Decision


@require_http_methods(["GET", "POST"])
@require_action("security.manage_access")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_or_404(request, pk)
    actor = signed_in(request)
    form = GrantForm(request.POST or None, actor=actor, initial={"unit": user.unit})
    if request.method == "POST" and form.is_valid() and _given(request, user, form):
        return redirect("security:person", pk=pk)
    asked = holdings.requests_shown_to(actor).filter(user=user)
    context = {
        "person": user,
        "form": form,
        "holdings": holdings.holdings_of(user, timezone.now(), actor),
        "waiting": holdings.request_lines(actor, asked.filter(decision=Decision.WAITING)),
        "decided": asked.filter(decision__in=(Decision.REFUSED, Decision.WITHDRAWN))[:5],
    }
    return render(request, "security/person.html", context, status=form_status(request, form))


@require_POST
@require_action("security.manage_access")
def grant_end(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    user = person_or_404(request, pk)
    row = RoleGrant.objects.filter(pk=grant, user=user).first()
    if row is None:
        raise absent_part(request, "security.rolegrant", grant)
    form = EndGrantForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the role ends."))
        return redirect("security:person", pk=pk)
    reason = form.cleaned_data["reason"]
    try:
        end_role(actor=signed_in(request), grant=row, now=timezone.now(), reason=reason)
        messages.success(request, _("The role has ended."))
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    return redirect("security:person", pk=pk)


def _given(request: HttpRequest, user: User, form: GrantForm) -> bool:
    now = timezone.now()
    try:
        given = offer_role(actor=signed_in(request), terms=form.terms(user, now), now=now)
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, str(refusal))
        return False
    if isinstance(given, RoleRequest):
        messages.success(request, _("Asked for. The role begins when a second person approves it."))
    else:
        messages.success(request, _("The role was given."))
    return True
