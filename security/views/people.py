from __future__ import annotations

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from security.forms import EndGrantForm, GrantForm
from security.http import require_action, signed_in
from security.models import RoleGrant, User
from security.services import RefusedError, end_role, grant_role
from security.views.shared import person_or_404


@require_http_methods(["GET", "POST"])
@require_action("security.manage_access")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_or_404(request, pk)
    form = GrantForm(request.POST or None, actor=signed_in(request))
    status = 200
    if request.method == "POST":
        if form.is_valid() and _granted(request, user, form):
            return redirect("security:person", pk=pk)
        status = 422
    grants = RoleGrant.objects.filter(user=user).select_related("role", "unit", "granted_by")
    context = {
        "person": user,
        "form": form,
        "grants": grants.order_by("-valid_from"),
        "now": timezone.now(),
    }
    return render(request, "security/person.html", context, status=status)


@require_POST
@require_action("security.manage_access")
def grant_end(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    user = person_or_404(request, pk)
    row = get_object_or_404(RoleGrant, pk=grant, user=user)
    form = EndGrantForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the role ends."))
        return redirect("security:person", pk=pk)
    try:
        end_role(
            actor=signed_in(request),
            grant=row,
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("The role has ended."))
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    return redirect("security:person", pk=pk)


def _granted(request: HttpRequest, user: User, form: GrantForm) -> bool:
    asked = form.cleaned_data
    last_day = asked["valid_to"]
    valid_to = None
    if last_day is not None:
        end = datetime.combine(last_day + timedelta(days=1), time.min)
        valid_to = timezone.make_aware(end)
    try:
        grant_role(
            actor=signed_in(request),
            user=user,
            role=asked["role"].pk,
            unit=asked["unit"],
            now=timezone.now(),
            valid_to=valid_to,
            max_level=asked["max_level"],
            max_sensitivity=asked["max_sensitivity"],
            reason=asked["reason"],
        )
    except RefusedError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The role was given."))
    return True
