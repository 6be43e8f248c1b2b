"""A task's date and its people: another deadline asked for and decided, and hand-overs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaign import services
from campaign.forms import AskDeadlineForm, HandOverForm, ReasonForm, ServiceForm
from campaign.models import DeadlineRequest, Task
from campaign.rules import end_of
from campaign.selectors.around import troubles_of
from campaign.views.page import do, task_of
from security.http import (
    absent_part,
    form_status,
    record_refusal,
    require_action,
    signed_in,
)
from security.models import User
from security.scope import may
from security.services import RefusedError


@require_POST
def ask_deadline(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "ask",
        AskDeadlineForm(request.POST, prefix="ask"),
        lambda user, now, data: services.request_deadline(
            actor=user,
            task=task,
            deadline=end_of(data["day"], before=False),
            reason=data["reason"],
            now=now,
        ),
        _("Asked. The deadline stays until a leader agrees."),
    )


@require_POST
def approve(request: HttpRequest, pk: int, asked: int) -> HttpResponse:
    return _decide(
        request,
        pk,
        asked,
        "approve",
        ServiceForm(request.POST),
        lambda user, row, now: services.approve_deadline(actor=user, asked=row, now=now),
        _("The deadline is moved; products with a date of their own keep it."),
    )


@require_POST
def refuse(request: HttpRequest, pk: int, asked: int) -> HttpResponse:
    form = ReasonForm(request.POST, prefix="refuse")
    return _decide(
        request,
        pk,
        asked,
        "refuse",
        form,
        lambda user, row, now: services.refuse_deadline(
            actor=user, asked=row, reason=form.cleaned_data["reason"], now=now
        ),
        _("Refused; the deadline stays as it was."),
    )


@require_POST
def withdraw(request: HttpRequest, pk: int, asked: int) -> HttpResponse:
    return _decide(
        request,
        pk,
        asked,
        "take_back",
        ServiceForm(request.POST),
        lambda user, row, now: services.withdraw_deadline(actor=user, asked=row, now=now),
        _("The request is taken back."),
    )


def _decide(
    request: HttpRequest,
    pk: int,
    asked: int,
    name: str,
    form: ServiceForm,
    deed: Callable[[User, DeadlineRequest, datetime], object],
    said: str,
) -> HttpResponse:
    task = task_of(request, pk)
    row = task.deadline_requests.filter(pk=asked).first()
    if row is None:
        raise absent_part(request, "campaign.deadlinerequest", asked)
    return do(request, task, name, form, lambda user, now, data: deed(user, row, now), said)


@require_http_methods(["GET", "POST"])
@require_action("campaign.manage", "campaign.accept")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a running task to another owner, and to another lead unit where that is needed."""
    user, task = signed_in(request), task_of(request, pk)
    if not (may(user, "campaign.manage", task) or may(user, "campaign.accept", task)):
        raise absent_part(request, "campaign.task", pk)
    form = HandOverForm(request.POST if request.method == "POST" else None, task=task, actor=user)
    if request.method == "POST" and form.is_valid():
        try:
            services.hand_over(actor=user, task=task, now=timezone.now(), **form.cleaned_data)
        except RefusedError as refused:
            form.refuse(refused)
            record_refusal(request, refused)
        else:
            messages.success(request, _("The task is handed over."))
            return _back(task, user)
    context = {"task": task, "form": form, "troubles": troubles_of(task)}
    status = form_status(request, form)
    return render(request, "campaign/hand_over.html", context, status=status)


def _back(task: Task, user: User) -> HttpResponse:
    """To the task; whoever handed it out of his own sight goes to the list."""
    if Task.objects.visible_to(user).filter(pk=task.pk).exists():
        return redirect("campaign:task_detail", pk=task.pk)
    return redirect("campaign:task_list")
