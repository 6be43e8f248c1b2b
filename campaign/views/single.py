"""One task: its page, and the forms on it. One URL per deed; the page is rendered the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.forms import (
    AcceptForm,
    CompleteForm,
    JudgeForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
    SubmitForm,
)
from campaign.models import Product, Submission, Task
from campaign.rules import end_of
from campaign.selectors import TaskDetail, task_detail
from campaign.selectors.detail import ProductBox
from security.http import absent_part, form_status, record_refusal, signed_in, visible_or_404
from security.models import User
from security.services import RefusedError


@dataclass(frozen=True)
class BoxWithForms:
    box: ProductBox
    submit: SubmitForm | None
    accept: AcceptForm | None


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The six clear fields, the light and why, products, reports, history."""
    return _render(request, _task(request, pk))


@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    form = ReportForm(request.POST)
    return _do(
        request,
        task,
        "report",
        form,
        lambda user, now, data: services.report_progress(actor=user, task=task, now=now, **data),
        _("The report is saved."),
    )


@require_POST
def submit(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    task = _task(request, pk)
    row = _product(request, task, product)
    return _do(
        request,
        task,
        f"submit-{row.pk}",
        SubmitForm(request.POST, prefix=f"p{row.pk}"),
        lambda user, now, data: services.submit_product(actor=user, product=row, now=now, **data),
        _("The product is handed in and waits for acceptance."),
    )


@require_POST
def accept(request: HttpRequest, pk: int, submission: int) -> HttpResponse:
    task = _task(request, pk)
    row = (
        Submission.objects.select_related("product__task__unit", "unit")
        .filter(product__task=task, pk=submission)
        .first()
    )
    if row is None:
        raise absent_part(request, "campaign.submission", submission)
    return _do(
        request,
        task,
        f"accept-{row.product_id}",
        AcceptForm(request.POST, task=task, prefix=f"a{row.product_id}"),
        lambda user, now, data: services.accept_product(
            actor=user, submission=row, now=now, **data
        ),
        _("The grade is saved."),
    )


@require_POST
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    return _do(
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
        _("The deadline is moved; the original stays visible."),
    )


@require_POST
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    return _do(
        request,
        task,
        "judge",
        JudgeForm(request.POST, prefix="judge"),
        lambda user, now, data: services.judge(actor=user, task=task, now=now, **data),
        _("Your judgement is shown beside the computed light."),
    )


@require_POST
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    return _do(
        request,
        task,
        "complete",
        CompleteForm(request.POST, task=task, actor=signed_in(request)),
        lambda user, now, data: services.complete_draft(actor=user, task=task, now=now, **data),
        _("The draft is saved."),
    )


@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    return _do(
        request,
        task,
        "activate",
        ServiceForm(request.POST),
        lambda user, now, data: services.activate_task(actor=user, task=task, now=now),
        _("The task is on the board."),
    )


def _task(request: HttpRequest, pk: int) -> Task:
    rows = Task.objects.select_related(
        "unit", "owner__unit", "group", "matrix_row", "phase", "block__deputy", "campaign"
    )
    task: Task = visible_or_404(request, rows, pk=pk)
    return task


def _product(request: HttpRequest, task: Task, pk: int) -> Product:
    row = task.products.select_related("task").filter(pk=pk).first()
    if row is None:
        raise absent_part(request, "campaign.product", pk)
    return row


def _do(
    request: HttpRequest,
    task: Task,
    name: str,
    form: ServiceForm,
    deed: Callable[[User, datetime, dict[str, Any]], object],
    said: str,
) -> HttpResponse:
    """Validate, call the service, answer: the task again (htmx) or a redirect; 422 if refused."""
    if form.is_valid():
        try:
            deed(signed_in(request), timezone.now(), form.cleaned_data)
        except RefusedError as refused:
            form.refuse(refused)
            if record_refusal(request, refused):
                status = form_status(request, form)
                return _render(request, _fresh(request, task), refusal=str(refused), status=status)
        else:
            if request.htmx:  # type: ignore[attr-defined]
                return _render(request, _fresh(request, task), said=said)
            messages.success(request, said)
            return redirect("campaign:task_detail", pk=task.pk)
    status = form_status(request, form)
    return _render(request, _fresh(request, task), bound={name: form}, status=status)


def _fresh(request: HttpRequest, task: Task) -> Task:
    """The row after the write (or as it was, if the write was refused); the read is on the trail."""
    row = Task.objects.visible_to(signed_in(request)).select_related(
        "unit", "owner__unit", "group", "matrix_row", "phase", "block__deputy", "campaign"
    )
    found: Task | None = row.filter(pk=task.pk).first()
    if found is None:
        raise Http404
    return found


def _render(
    request: HttpRequest,
    task: Task,
    *,
    bound: dict[str, ServiceForm] | None = None,
    said: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    found = task_detail(signed_in(request), task, now=timezone.now())
    forms = bound or {}
    context = {
        "task": task,
        "detail": found,
        "said": said,
        "refusal": refusal,
        "boxes": [_box(box, task, forms) for box in found.products],
        **_forms(found, task, signed_in(request), forms),
    }
    template = "campaign/task_detail.html"
    if request.htmx:  # type: ignore[attr-defined]
        template += "#task"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _box(box: ProductBox, task: Task, bound: dict[str, Any]) -> BoxWithForms:
    pk = box.product.pk
    submit = bound.get(f"submit-{pk}") or SubmitForm(prefix=f"p{pk}")
    accept = bound.get(f"accept-{pk}") or AcceptForm(task=task, prefix=f"a{pk}")
    return BoxWithForms(
        box=box,
        submit=submit if box.may_submit else None,
        accept=accept if box.may_accept else None,
    )


def _forms(found: TaskDetail, task: Task, user: User, bound: dict[str, Any]) -> dict[str, Any]:
    """The forms this user may use, empty or as he sent them; a form nobody offered him stays
    hidden even when he posts to it, because it may list people."""
    offered: dict[str, tuple[bool, Callable[[], ServiceForm]]] = {
        "report": (found.may_report, lambda: ReportForm(initial={"percent": found.progress})),
        "revise": (found.may_revise, lambda: ReviseForm(prefix="revise")),
        "judge": (found.may_judge, lambda: JudgeForm(prefix="judge")),
        "complete": (found.may_activate, lambda: CompleteForm(task=task, actor=user)),
        "activate": (found.may_activate, ServiceForm),
    }
    return {
        f"{name}_form": bound.get(name) or make()
        for name, (allowed, make) in offered.items()
        if allowed
    }
