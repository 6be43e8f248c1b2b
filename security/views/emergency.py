"""Break-glass: opening and ending one's own emergency access; the officer's queue and verdicts."""

from __future__ import annotations

from typing import NoReturn

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from security import audit
from security.actions import LABELS
from security.forms.sharing import EmergencyForm, VerdictForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.levels import Secrecy, Sensitivity
from security.models import EmergencyAccess, User
from security.rules import minimal_caps
from security.scope import BREAK_GLASS, may, scopes_of
from security.selectors import emergencies
from security.services import RefusedError, end_emergency, open_emergency, review_emergency
from security.services.emergency import REVIEW

OWN_SHOWN = 20


@require_http_methods(["GET", "POST"])
@require_action(BREAK_GLASS)
def emergency_mine(request: HttpRequest) -> HttpResponse:
    """Open one, and see what became of the earlier ones."""
    user, now = signed_in(request), timezone.now()
    form = EmergencyForm(request.POST or None, actor=user)
    if request.method == "POST" and form.is_valid() and _opened(request, form):
        return redirect("security:emergency_mine")
    own = EmergencyAccess.objects.filter(user=user).select_related("unit", "reviewed_by")
    context = {"form": form, "own": own[:OWN_SHOWN], "now": now, "reach": _reach(user)}
    return render(
        request, "security/emergency_mine.html", context, status=form_status(request, form)
    )


@require_POST
@require_action(BREAK_GLASS, REVIEW)
def emergency_end(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    access = EmergencyAccess.objects.select_related("unit").filter(pk=pk).first()
    mine = access is not None and access.user_id == user.pk
    if access is None or not (mine or may(user, REVIEW, access.unit)):
        _denied(request, "emergency.ended", pk)
    try:
        end_emergency(actor=user, access=access, now=timezone.now())
        messages.success(request, _("The emergency access has ended."))
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    if mine:
        return redirect("security:emergency_mine")
    return redirect("security:emergency", pk=pk)


@require_GET
@require_action(REVIEW)
def emergency_list(request: HttpRequest) -> HttpResponse:
    """The queue: what waits first, then what was judged."""
    user = signed_in(request)
    rows = emergencies.reviewed_by(user)
    verdict = request.GET.get("verdict", "")
    if verdict not in EmergencyAccess.Verdict.values:
        verdict = ""
    judged = rows.filter(verdict=verdict) if verdict else rows.exclude(verdict="")
    page = Paginator(judged, 50).get_page(request.GET.get("page"))
    waiting = list(rows.unreviewed())
    audit.record(
        "emergency.read",
        actor=user,
        object_type="security.emergencyaccess",
        ids=[one.pk for one in (*waiting, *page.object_list)],
    )
    counts = emergencies.verdicts(user)
    context = {
        "waiting": waiting,
        "page": page,
        "verdict": verdict,
        "justified": counts.get(EmergencyAccess.Verdict.JUSTIFIED, 0),
        "unjustified": counts.get(EmergencyAccess.Verdict.UNJUSTIFIED, 0),
        "now": timezone.now(),
    }
    return render(request, "security/emergencies.html", context)


@require_http_methods(["GET", "POST"])
@require_action(REVIEW)
def emergency(request: HttpRequest, pk: int) -> HttpResponse:
    """One access with everything read under it, and the verdict."""
    user, now = signed_in(request), timezone.now()
    access = emergencies.reviewed_by(user).filter(pk=pk).first()
    if access is None:
        _denied(request, "emergency.read", pk)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _judged(request, access, form):
        return redirect("security:emergencies")
    done = emergencies.done_under(access)
    audit.record(
        "emergency.read",
        actor=user,
        object_type="security.emergencyaccess",
        object_id=access.pk,
    )
    context = {
        "access": access,
        "called": LABELS.get(access.action, access.action),
        "form": form,
        "lines": list(done[: emergencies.LINES_SHOWN]),
        "count": done.count(),
        "is_open": access.valid_to > now,
        "own": access.user_id == user.pk,
        "now": now,
    }
    return render(request, "security/emergency.html", context, status=form_status(request, form))


def _reach(user: User) -> list[str]:
    """Up to which levels an emergency would show rows, as the user's own role says."""
    lent = minimal_caps(one.caps for one in scopes_of(user) if BREAK_GLASS in one.actions)
    return [f"{Secrecy(level).label}, {Sensitivity(other).label}" for level, other in lent]


def _opened(request: HttpRequest, form: EmergencyForm) -> bool:
    try:
        open_emergency(actor=signed_in(request), now=timezone.now(), **form.cleaned_data)
    except RefusedError as refusal:
        record_refusal(request, refusal)
        for problem in refusal.problems:
            form.add_error(problem.code if problem.code in form.fields else None, problem.message)
        return False
    messages.success(request, _("Opened for reading. Everything you read now names this access."))
    return True


def _judged(request: HttpRequest, access: EmergencyAccess, form: VerdictForm) -> bool:
    try:
        review_emergency(
            actor=signed_in(request), access=access, now=timezone.now(), **form.cleaned_data
        )
    except RefusedError as refusal:
        record_refusal(request, refusal)
        for problem in refusal.problems:
            form.add_error(problem.code if problem.code in form.fields else None, problem.message)
        return False
    messages.success(request, _("The verdict is recorded."))
    return True


def _denied(request: HttpRequest, event: str, pk: int) -> NoReturn:
    audit.record(
        event,
        actor=signed_in(request),
        object_type="security.emergencyaccess",
        object_id=pk,
        decision="denied",
    )
    raise Http404
