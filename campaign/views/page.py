"""The page of one task: drawn the same way by every deed on it, whatever came of the deed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from campaign.forms import (
    AskDeadlineForm,
    CommentForm,
    CompleteForm,
    FilesForm,
    JudgeForm,
    ReasonForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
)
from campaign.models import Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskDetail, task_detail
from campaign.selectors.around import Around, around_task
from campaign.selectors.drafts import gate_of
from campaign.selectors.story import story_of
from campaign.views.versions import newest_version
from security.http import (
    absent_part,
    form_status,
    record_refusal,
    record_shown,
    signed_in,
    visible_or_404,
)
from security.models import User
from security.scope import may
from security.services import RefusedError


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
    *,
    to: str = "",
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
            place = f"#{to}" if to else ""
            return redirect(reverse("campaign:task_detail", args=[task.pk]) + place)
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
    user, now = signed_in(request), timezone.now()
    found, around = task_detail(user, task, now=now), around_task(user, task, now=now)
    record_shown(request, [one.task for one in around.related])
    forms = bound or {}
    offered = _forms(found, around, task, user, forms)
    context = {
        "task": task,
        "detail": found,
        "around": around,
        "story": story_of(user, task, chapter=request.GET.get("story", "")),
        "gate": gate_of(task),
        # Without dates nothing can be said of a product but its name.
        "promised": [] if found.products else list(task.products.order_by("position")),
        "said": said,
        "refusal": refusal or _left_over(forms, offered),
        **offered,
    }
    template = "campaign/task_detail.html"
    if request.htmx:  # type: ignore[attr-defined]
        template += "#task"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _left_over(forms: dict[str, ServiceForm], offered: dict[str, Any]) -> str:
    """What a form without a place on the page was refused for: a button, or one that is gone."""
    gone = [form for name, form in forms.items() if f"{name}_form" not in offered]
    return " ".join(errors_of(form) for form in gone)


def errors_of(form: ServiceForm) -> str:
    """What was wrong, in one text."""
    return " ".join(str(said) for some in form.errors.values() for said in some)


def _forms(
    found: TaskDetail, around: Around, task: Task, user: User, bound: dict[str, Any]
) -> dict[str, Any]:
    """The forms this user may use, empty or as he sent them; a form nobody offered him stays
    hidden even when he posts to it, because it may list people."""
    decides = around.asked is not None and around.asked.may_decide
    offered: dict[str, tuple[bool, Callable[[], ServiceForm]]] = {
        "report": (found.may_report, lambda: ReportForm(initial={"percent": found.progress})),
        "revise": (found.may_revise, lambda: ReviseForm(prefix="revise")),
        "judge": (found.may_judge, lambda: JudgeForm(prefix="judge")),
        "complete": (found.may_activate, lambda: _to_complete(task, user)),
        "activate": (found.may_activate, ServiceForm),
        "comment": (around.may_comment, CommentForm),
        "files": (around.may_attach, FilesForm),
        "ask": (around.may_ask, lambda: AskDeadlineForm(prefix="ask")),
        "refuse": (decides, lambda: ReasonForm(prefix="refuse")),
        "cancel": (around.may_manage, lambda: ReasonForm(prefix="cancel")),
    }
    return {
        f"{name}_form": bound.get(name) or make()
        for name, (allowed, make) in offered.items()
        if allowed
    }


def _to_complete(task: Task, user: User) -> CompleteForm:
    return CompleteForm(task=task, actor=user, newest=newest_version(task))


def managed_task(request: HttpRequest, pk: int) -> Task:
    """The task, for whoever runs the campaign over it; anybody else finds no page."""
    task = task_of(request, pk)
    if not may(signed_in(request), "campaign.manage", task):
        raise absent_part(request, "campaign.task", pk)
    return task


def carried_out(
    request: HttpRequest, form: ServiceForm, deed: Callable[[datetime], object]
) -> bool:
    """Whether the form was valid and the service did it; otherwise the form says why not."""
    if not form.is_valid():
        return False
    try:
        deed(timezone.now())
    except RefusedError as refused:
        form.refuse(refused)
        record_refusal(request, refused)
        return False
    return True
