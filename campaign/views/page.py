"""The page of one task: drawn the same way by every deed on it, whatever came of the deed."""

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

from campaign.forms import (
    AcceptForm,
    CompleteForm,
    JudgeForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
    SubmitForm,
)
from campaign.models import Product, Task
from campaign.models.tasks import TaskQuerySet
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


def task_of(request: HttpRequest, pk: int) -> Task:
    """The task that the address names, with what its page tells; the read is on the trail."""
    task: Task = visible_or_404(request, with_all(Task.objects.all()), pk=pk)
    return task


def with_all(rows: TaskQuerySet) -> TaskQuerySet:
    return rows.select_related(
        *("unit", "owner__unit", "group", "matrix_row", "phase", "block__deputy", "campaign")
    )


def product_of(request: HttpRequest, task: Task, pk: int) -> Product:
    row = task.products.select_related("task").filter(pk=pk).first()
    if row is None:
        raise absent_part(request, "campaign.product", pk)
    return row


def do(
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
                return show(request, _fresh(request, task), refusal=str(refused), status=status)
        else:
            if request.htmx:  # type: ignore[attr-defined]
                return show(request, _fresh(request, task), said=said)
            messages.success(request, said)
            return redirect("campaign:task_detail", pk=task.pk)
    status = form_status(request, form)
    return show(request, _fresh(request, task), bound={name: form}, status=status)


def _fresh(request: HttpRequest, task: Task) -> Task:
    """The row after the write (or as it was, if the write was refused); the read is on the trail."""
    rows = with_all(Task.objects.visible_to(signed_in(request)))
    found: Task | None = rows.filter(pk=task.pk).first()
    if found is None:
        raise Http404
    return found


def show(
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
