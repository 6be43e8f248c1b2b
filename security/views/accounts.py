"""Accounts of people: adding one, changing who he is, closing and opening, letting him in again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from security.forms.people import NewPersonForm, PersonForm, ReasonForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.models import Invitation, User
from security.services import (
    RefusedError,
    change_user,
    create_user,
    disable_user,
    enable_user,
    end_all_sessions,
)
from security.services.invitations import invite
from security.services.recovery import renew_link, reset_factor
from security.views.invitations import invitation_link
from security.views.shared import person_or_404

MANAGE = "security.manage_access"


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def person_new(request: HttpRequest) -> HttpResponse:
    """Add a person; the answer shows his one-time link, which is kept nowhere.

    No redirect after success: the link would have to travel in an address or rest in a session.
    """
    actor = signed_in(request)
    form = NewPersonForm(request.POST or None, actor=actor)
    if request.method != "POST":
        return render(request, "security/person_new.html", {"form": form})
    if form.is_valid():
        try:
            user, token = _add(actor, form, timezone.now())
            return _show_link(request, user, token)
        except RefusedError as refusal:
            _put_into(form, refusal)
            record_refusal(request, refusal)
    status = form_status(request, form)
    return render(request, "security/person_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user = person_or_404(request, pk)
    actor = signed_in(request)
    now_known = {
        "full_name": user.full_name,
        "post": user.post,
        "unit": user.unit,
        "email": user.email,
    }
    form = PersonForm(request.POST or None, actor=actor, initial=now_known)
    if actor.pk == user.pk:
        form.fields["unit"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            change_user(actor=actor, user=user, facts=form.facts(), now=timezone.now())
            messages.success(request, _("The person's data were changed."))
            if "unit" in form.changed_data:
                messages.warning(request, _("Roles stay as they were: look through them."))
            return redirect("security:person", pk=pk)
        except RefusedError as refusal:
            _put_into(form, refusal)
            record_refusal(request, refusal)
    context = {"form": form, "person": user}
    return render(request, "security/person_edit.html", context, status=form_status(request, form))


@require_POST
@require_action(MANAGE)
def person_disable(request: HttpRequest, pk: int) -> HttpResponse:
    def close(actor: User, user: User, reason: str, now: datetime) -> str:
        disable_user(actor=actor, user=user, reason=reason, now=now)
        return _("The account is closed; open sessions have ended.")

    return _with_reason(request, pk, close)


@require_POST
@require_action(MANAGE)
def person_enable(request: HttpRequest, pk: int) -> HttpResponse:
    def open_again(actor: User, user: User, reason: str, now: datetime) -> str:
        enable_user(actor=actor, user=user, reason=reason, now=now)
        return _("The account is open again.")

    return _with_reason(request, pk, open_again)


@require_POST
@require_action(MANAGE)
def person_reset_mfa(request: HttpRequest, pk: int) -> HttpResponse:
    def reset(actor: User, user: User, reason: str, now: datetime) -> str:
        reset_factor(actor=actor, user=user, reason=reason, now=now)
        return _("The second factor is taken away; a new one is asked for at the next sign-in.")

    return _with_reason(request, pk, reset)


@require_POST
@require_action(MANAGE)
def person_end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    def end_all(actor: User, user: User, reason: str, now: datetime) -> str:
        ended = end_all_sessions(actor=actor, user=user, reason=reason, now=now)
        return _("Sessions ended: %(n)d.") % {"n": ended}

    return _with_reason(request, pk, end_all)


@require_POST
@require_action(MANAGE)
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A new one-time link; the answer shows it once, see ``person_new``."""
    user = person_or_404(request, pk)
    try:
        token = renew_link(actor=signed_in(request), user=user, now=timezone.now())
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
        return redirect("security:person", pk=pk)
    return _show_link(request, user, token)


def _add(actor: User, form: NewPersonForm, now: datetime) -> tuple[User, str]:
    facts = form.facts()
    with transaction.atomic():
        user = create_user(
            actor=actor,
            username=form.cleaned_data["username"],
            full_name=facts.full_name,
            post=facts.post,
            unit=facts.unit,
            email=facts.email,
        )
        first = Invitation.Purpose.FIRST
        return user, invite(actor=actor, user=user, purpose=first, now=now)


def _with_reason(
    request: HttpRequest, pk: int, change: Callable[[User, User, str, datetime], str]
) -> HttpResponse:
    """One act upon an account, with a reason; what came of it is told on the person's page."""
    user = person_or_404(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give a reason."))
        return redirect("security:person", pk=pk)
    try:
        reason = form.cleaned_data["reason"]
        messages.success(request, change(signed_in(request), user, reason, timezone.now()))
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    return redirect("security:person", pk=pk)


def _show_link(request: HttpRequest, user: User, token: str) -> HttpResponse:
    return render(request, "security/person_link.html", invitation_link(request, user, token))


def _put_into(form: PersonForm, refusal: RefusedError) -> None:
    """Each problem beside the field it is about."""
    fields = {"user_name": "username", "user_name_taken": "username", "dissolved": "unit"}
    for problem in refusal.problems:
        form.add_error(fields.get(problem.code), problem.message)
