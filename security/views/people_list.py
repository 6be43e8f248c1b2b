"""Lists of people: for administrators with their accounts, for officers with their clearances."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from security import audit
from security.forms.people import ClearanceForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.models import User
from security.selectors.people import people_where
from security.services import RefusedError, set_clearance
from security.views.shared import people_page

MANAGE, APPROVE = "security.manage_access", "security.approve_access"


@require_GET
@require_action(MANAGE)
def people(request: HttpRequest) -> HttpResponse:
    return people_page(request, MANAGE, "security/people.html")


@require_GET
@require_action(APPROVE)
def clearances(request: HttpRequest) -> HttpResponse:
    return people_page(request, APPROVE, "security/clearances.html")


@require_http_methods(["GET", "POST"])
@require_action(APPROVE)
def person_clearance(request: HttpRequest, pk: int) -> HttpResponse:
    person = _cleared_person_or_404(request, pk)
    form = ClearanceForm(request.POST or None, initial={"clearance": person.clearance})
    if request.method == "POST" and form.is_valid() and _set(request, person, form):
        return redirect("security:clearances")
    context = {"person": person, "form": form}
    return render(
        request, "security/person_clearance.html", context, status=form_status(request, form)
    )


def _cleared_person_or_404(request: HttpRequest, pk: int) -> User:
    reader = signed_in(request)
    person = people_where(reader, APPROVE, timezone.now()).filter(pk=pk).first()
    audit.record(
        "read",
        actor=reader,
        object_type="security.user",
        object_id=pk,
        decision="allowed" if person else "denied",
    )
    if person is None:
        raise Http404
    return person


def _set(request: HttpRequest, person: User, form: ClearanceForm) -> bool:
    said = form.cleaned_data
    try:
        set_clearance(
            actor=signed_in(request),
            user=person,
            clearance=said["clearance"],
            reason=said["reason"],
        )
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The clearance was set."))
    return True
