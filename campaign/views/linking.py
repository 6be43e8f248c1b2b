"""What a task has to do with other tasks and other units: links, partners, a part taken out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaign import services
from campaign.forms import LinkForm, PartnersForm, ServiceForm, SplitForm
from campaign.models import Task
from campaign.selectors.around import related_to
from campaign.views.page import carried_out, errors_of, managed_task
from campaign.views.versions import ask_again, newest_version
from security.http import absent_part, form_status, record_shown, require_action, signed_in

MANAGE = "campaign.manage"
CODES_AT_MOST = 300


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def links(request: HttpRequest, pk: int) -> HttpResponse:
    """What this task waits for, and its technical part."""
    user, task = signed_in(request), managed_task(request, pk)
    form = LinkForm(request.POST if request.method == "POST" else None, task=task, actor=user)
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: services.link_tasks(
            actor=user,
            task=task,
            other=form.cleaned_data["other"],
            kind=form.cleaned_data["kind"],
            now=now,
        ),
    ):
        messages.success(request, _("The tasks are linked."))
        return redirect("campaign:links", pk=task.pk)
    related = related_to(user, task, manages=True)
    others = Task.objects.visible_to(user).filter(campaign=task.campaign_id).exclude(pk=task.pk)
    known = list(others.order_by("code").only("pk", "code", "title", "campaign")[:CODES_AT_MOST])
    record_shown(request, [*(one.task for one in related), *known])
    context = {"task": task, "form": form, "related": related, "known": known}
    return render(request, "campaign/links.html", context, status=form_status(request, form))


@require_POST
@require_action(MANAGE)
def unlink(request: HttpRequest, pk: int, link: int) -> HttpResponse:
    user, task = signed_in(request), managed_task(request, pk)
    row = task.links.select_related("task__campaign").filter(pk=link).first()
    if row is None:
        raise absent_part(request, "campaign.tasklink", link)
    form = ServiceForm(request.POST)
    if carried_out(request, form, lambda now: services.unlink_tasks(actor=user, link=row, now=now)):
        messages.success(request, _("The link is taken back."))
    else:
        messages.error(request, errors_of(form))
    return redirect("campaign:links", pk=task.pk)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def partners(request: HttpRequest, pk: int) -> HttpResponse:
    """The units that coordinate or lead a part."""
    user, task = signed_in(request), managed_task(request, pk)
    form = PartnersForm(
        request.POST if request.method == "POST" else None,
        task=task,
        actor=user,
        newest=newest_version(task),
    )
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: services.set_partners(
            actor=user, task=task, partners=form.partners, version=form.said("version"), now=now
        ),
    ):
        messages.success(request, _("The units that work along are noted."))
        return redirect("campaign:task_detail", pk=task.pk)
    context: dict[str, Any] = {"task": task, "form": form}
    if form.overtaken:
        task = managed_task(request, pk)
        context["savings"] = ask_again(task, form)
        context["there"] = task.task_units.select_related("unit").order_by("pk")
    status = form_status(request, form, *form.rows)
    return render(request, "campaign/partners.html", context, status=status)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a part out as a draft of its own."""
    user, task = signed_in(request), managed_task(request, pk)
    form = SplitForm(request.POST if request.method == "POST" else None, task=task, actor=user)
    made: list[Task] = []
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: made.append(
            services.split_task(actor=user, task=task, now=now, **form.cleaned_data)
        ),
    ):
        messages.success(request, _("The part is a draft of its own; complete it here."))
        return redirect("campaign:task_edit", pk=made[0].pk)
    context = {"task": task, "form": form}
    return render(request, "campaign/split.html", context, status=form_status(request, form))
