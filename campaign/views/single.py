"""One task: its page, and the forms on it. One URL per deed; the page is rendered the same way."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.forms import (
    CompleteForm,
    JudgeForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
)
from campaign.models import Task
from campaign.rules import end_of
from campaign.views.page import do, show, task_of
from campaign.views.versions import clash_of
from campaign.views.writing import clash_page
from security.http import signed_in
from security.scope import may


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The six clear fields, the light and why, products, reports, history."""
    return show(request, task_of(request, pk))


@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "report",
        ReportForm(request.POST, request.FILES),
        lambda user, now, data: services.report_with_files(
            actor=user, task=task, sent=data.pop("proof"), now=now, **data
        ),
        _("The report is saved."),
    )


@require_POST
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "revise",
        ReviseForm(request.POST, prefix="revise"),
        lambda user, now, data: services.revise_deadline(
            actor=user,
            task=task,
            deadline=end_of(data["day"], before=False),
            reason=data["reason"],
            now=now,
        ),
        _("The deadline is moved; products with a date of their own keep it."),
    )


@require_POST
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "judge",
        JudgeForm(request.POST, prefix="judge"),
        lambda user, now, data: services.judge(actor=user, task=task, now=now, **data),
        _("Your judgement is shown beside the computed light."),
    )


@require_POST
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill in what a draft lacks. Who saves second sees both versions, as in the edit form."""
    task, user = task_of(request, pk), signed_in(request)
    form = CompleteForm(request.POST, task=task, actor=user)
    clash = None
    if task.state == Task.State.DRAFT and may(user, "campaign.manage", task) and form.is_valid():
        clash = clash_of(task, form, request.POST)
    if clash is not None and not clash.settled:
        return clash_page(request, task, form, clash)
    version = clash.version if clash else None
    return do(
        request,
        task,
        "complete",
        form,
        lambda user, now, data: services.complete_draft(
            actor=user,
            task=task,
            version=version or data["version"],
            now=now,
            **(clash.chosen if clash else form.agreed),
        ),
        _("The draft is saved."),
    )


@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "activate",
        ServiceForm(request.POST),
        lambda user, now, data: services.activate_task(actor=user, task=task, now=now),
        _("The task is on the board."),
    )
