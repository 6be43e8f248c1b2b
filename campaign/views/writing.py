"""Writing what is agreed: a new task, its change, its products, its end; drafts and what they lack."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaign import services
from campaign.forms import (
    CompleteForm,
    EditTaskForm,
    NewTaskForm,
    ProductForm,
    ReasonForm,
    ServiceForm,
)
from campaign.forms.writing import first_values
from campaign.models import Product, Task
from campaign.rules import last_day
from campaign.selectors.choosing import chosen_campaign
from campaign.selectors.drafts import draft_lines, gate_of
from campaign.views.page import carried_out, do, errors_of, managed_task, product_of, task_of
from campaign.views.versions import Clash, ask_again, clash_of, newest_version
from security.http import form_status, record_refusal, record_shown, require_action, signed_in
from security.services import RefusedError

MANAGE = "campaign.manage"
PAGE = 50
MEANWHILE = "changed_meanwhile"


@require_GET
@require_action(MANAGE)
def drafts(request: HttpRequest) -> HttpResponse:
    """The drafts that this person may complete, each with what it still lacks."""
    campaign = chosen_campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    user = signed_in(request)
    rows = Task.objects.visible_to(user).drafts().filter(campaign=campaign)
    page = Paginator(rows.order_by("code", "pk"), PAGE).get_page(request.GET.get("page"))
    lines = draft_lines(page.object_list)
    record_shown(request, [line.task for line in lines])
    context = {
        "campaign": campaign,
        "lines": lines,
        "page": page,
        "ready": sum(line.complete for line in lines),
        "shown_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": page.start_index(),
            "last": page.end_index(),
            "total": page.paginator.count,
        },
        "newer_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "campaign/drafts.html", context)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def new_task(request: HttpRequest) -> HttpResponse:
    """A draft; it may be incomplete but for its title and lead unit."""
    user, campaign = signed_in(request), chosen_campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    form = NewTaskForm(
        request.POST if request.method == "POST" else None, actor=user, campaign=campaign
    )
    made: list[Task] = []
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: made.append(
            services.create_task(actor=user, campaign=campaign, now=now, **form.agreed)
        ),
    ):
        return _saved(request, made[0], _("The draft is saved."))
    context = {"campaign": campaign, "form": form}
    return render(request, "campaign/task_form.html", context, status=form_status(request, form))


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def edit_task(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was agreed. Who saves second sees both versions and chooses, field by field."""
    user, task = signed_in(request), managed_task(request, pk)
    if request.method == "GET":
        first = {"version": task.version, "seen": newest_version(task)}
        form = EditTaskForm(task=task, actor=user, initial={**first_values(task), **first})
        return _edit_page(request, task, form)
    form = EditTaskForm(request.POST, task=task, actor=user)
    if not form.is_valid():
        return _edit_page(request, task, form)
    clash = clash_of(task, form, request.POST)
    if clash is not None and not clash.settled:
        return clash_page(request, task, form, clash)
    parts = clash.chosen if clash else form.agreed
    version = clash.version if clash else form.cleaned_data["version"]
    try:
        services.edit_task(actor=user, task=task, version=version, now=timezone.now(), **parts)
    except RefusedError as refused:
        if any(problem.code == MEANWHILE for problem in refused.problems):
            return _overtaken(request, pk, form)
        form.refuse(refused)
        record_refusal(request, refused)
        return _edit_page(request, task, form)
    return _saved(request, task, _("The task is saved."))


def _edit_page(request: HttpRequest, task: Task, form: EditTaskForm) -> HttpResponse:
    context = {"task": task, "form": form, "gate": gate_of(task)}
    return render(request, "campaign/task_form.html", context, status=form_status(request, form))


def _overtaken(request: HttpRequest, pk: int, form: EditTaskForm) -> HttpResponse:
    """Somebody saved between this request's reading and writing."""
    task = managed_task(request, pk)
    clash = clash_of(task, form, request.POST)
    if clash is None:  # it is the version he saw after all: he may try again
        return _edit_page(request, task, form)
    return clash_page(request, task, form, clash)


def clash_page(
    request: HttpRequest, task: Task, form: EditTaskForm | CompleteForm, clash: Clash
) -> HttpResponse:
    """Both versions, to choose from. It is a page of its own, also where the form was a part."""
    context = {"task": task, "form": form, "clash": clash}
    response = render(
        request, "campaign/task_clash.html", context, status=form_status(request, form)
    )
    response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    return response


def _saved(request: HttpRequest, task: Task, said: str) -> HttpResponse:
    """To the task; on the board if that was asked for and nothing is missing."""
    if request.POST.get("then") != "activate":
        messages.success(request, said)
        return redirect("campaign:task_detail", pk=task.pk)
    try:
        services.activate_task(actor=signed_in(request), task=task, now=timezone.now())
    except RefusedError as refused:
        record_refusal(request, refused)
        missing = " ".join(problem.message for problem in refused.problems)
        messages.warning(request, f"{said} {_('It is not on the board yet:')} {missing}")
    else:
        messages.success(request, _("The task is on the board."))
    return redirect("campaign:task_detail", pk=task.pk)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def products(request: HttpRequest, pk: int) -> HttpResponse:
    """What the task delivers: the list, and one more."""
    user, task = signed_in(request), managed_task(request, pk)
    form = ProductForm(request.POST if request.method == "POST" else None, task=task)
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: services.add_product(actor=user, task=task, product=form.wanted, now=now),
    ):
        messages.success(request, _("The product is added."))
        return redirect("campaign:task_products", pk=task.pk)
    context = {"task": task, "form": form, "products": _with_state(task)}
    return render(
        request, "campaign/task_products.html", context, status=form_status(request, form)
    )


def _with_state(task: Task) -> list[Product]:
    return list(task.products.prefetch_related("submissions").order_by("position"))


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def edit_product(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    user, task = signed_in(request), managed_task(request, pk)
    row = product_of(request, task, product)
    form = ProductForm(
        request.POST if request.method == "POST" else None,
        task=task,
        product=row,
        newest=newest_version(task),
    )
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: services.edit_product(
            actor=user, product=row, wanted=form.wanted, version=form.said("version"), now=now
        ),
    ):
        messages.success(request, _("The product is saved."))
        return redirect("campaign:task_products", pk=task.pk)
    context: dict[str, Any] = {"task": task, "form": form, "product": row}
    if form.overtaken:
        task = managed_task(request, pk)
        context["savings"] = ask_again(task, form)
        there = product_of(request, task, product)
        context["there"] = there
        context["there_day"] = last_day(there.deadline) if there.deadline else None
    return render(request, "campaign/product_form.html", context, status=form_status(request, form))


@require_POST
@require_action(MANAGE)
def remove_product(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    user, task = signed_in(request), managed_task(request, pk)
    row = product_of(request, task, product)
    form = ServiceForm(request.POST)
    if carried_out(
        request, form, lambda now: services.remove_product(actor=user, product=row, now=now)
    ):
        messages.success(request, _("The product is removed."))
    else:
        messages.error(request, errors_of(form))
    return redirect("campaign:task_products", pk=task.pk)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "cancel",
        ReasonForm(request.POST, prefix="cancel"),
        lambda user, now, data: services.cancel_task(actor=user, task=task, now=now, **data),
        _("The task is cancelled. Its facts stay."),
    )
