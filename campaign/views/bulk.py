"""Changing many tasks at once: choose rows, choose a change, look at what it would do, do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from campaign.forms.bulk import BulkForm, kinds_for
from campaign.models import Campaign, Task
from campaign.selectors import TaskFilter, choice_of
from campaign.selectors.choosing import Choice
from campaign.selectors.saved import plain
from campaign.services.bulk import (
    TASKS_AT_MOST,
    BulkRefusedError,
    Outcome,
    apply_changes,
    preview_changes,
)
from security.http import (
    form_status,
    record_foreign_choice,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
)
from security.models import User
from security.services import RefusedError

DIGITS = 18


@dataclass(frozen=True)
class Picked:
    """The rows that somebody chose, as he may see them; more: how many too many there were."""

    tasks: list[Task]
    marks: dict[int, str]
    more: int = 0

    @property
    def ids(self) -> list[int]:
        return [task.pk for task in self.tasks]


@require_http_methods(["GET", "POST"])
@require_action("campaign.view")
def bulk(request: HttpRequest) -> HttpResponse:
    """GET: the chosen tasks and the changes to choose from. POST: what the change would do."""
    choice, picked = _asked(request)
    if not picked.tasks:
        messages.warning(request, _("Choose the tasks first."))
        return redirect(_back(request))
    user = signed_in(request)
    form = _form(request, user, choice)
    if request.method == "POST" and form is not None and form.is_valid():
        now = timezone.now()
        outcomes = preview_changes(actor=user, tasks=picked.ids, change=form.wanted, now=now)
        return _show(request, choice, picked, form=form, outcomes=outcomes)
    return _show(request, choice, picked, form=form)


@require_POST
@require_action("campaign.view")
def apply(request: HttpRequest) -> HttpResponse:
    """Make the change that was previewed, for all these tasks or for none."""
    choice, picked = _asked(request)
    user = signed_in(request)
    form = _form(request, user, choice)
    if form is None or not picked.tasks:
        messages.warning(request, _("Choose the tasks first."))
        return redirect(_back(request))
    if not form.is_valid():
        return _show(request, choice, picked, form=form)
    marks = {pk: mark for pk, mark in picked.marks.items() if pk in set(picked.ids)}
    try:
        done = apply_changes(actor=user, marks=marks, change=form.wanted, now=timezone.now())
    except BulkRefusedError as refused:
        record_refusal(request, refused)
        return _show(request, choice, picked, form=form, outcomes=refused.outcomes, refused=True)
    except RefusedError as refused:
        record_refusal(request, refused)
        form.refuse(refused)
        return _show(request, choice, picked, form=form)
    said = ngettext("%(n)s task is changed.", "%(n)s tasks are changed.", len(done))
    messages.success(request, said % {"n": len(done)})
    return redirect(_back(request))


def _asked(request: HttpRequest) -> tuple[Choice, Picked]:
    """Who chose what. A closed campaign and a role without any change find no page."""
    choice = choice_of(request)
    if choice.campaign is None or choice.campaign.closed_at or not kinds_for(signed_in(request)):
        record_foreign_choice(request, "task")
        raise Http404
    return choice, _picked(request, choice.campaign, choice.named)


def _picked(request: HttpRequest, campaign: Campaign, named: str) -> Picked:
    """The tasks named one by one (``task=12``, after a preview ``task=12:mark``), or the whole
    result of the list (``all=1``)."""
    user, data = signed_in(request), _data(request)
    if data.get("all") == "1":
        chosen = _list(request).but(at=None, campaign=named)
        rows = chosen.ordered(chosen.apply(user, campaign))
        marks: dict[int, str] = {}
    else:
        marks = dict(_marked(one) for one in data.getlist("task"))
        marks.pop(0, None)
        rows = Task.objects.visible_to(user).filter(pk__in=marks).by_severity()
    known = rows.count()
    if known < len(marks):  # somebody else's, or gone: both are told alike
        record_foreign_choice(request, "task")
        messages.warning(request, _("Some of the chosen tasks are no longer open to you."))
    tasks = list(rows.select_related("unit", "owner")[:TASKS_AT_MOST])
    record_shown(request, tasks)
    return Picked(tasks, marks, more=max(known - TASKS_AT_MOST, 0))


def _marked(given: str) -> tuple[int, str]:
    number, _colon, mark = given.partition(":")
    fits = number.isascii() and number.isdecimal() and len(number) <= DIGITS
    return (int(number) if fits else 0), mark


def _data(request: HttpRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _form(request: HttpRequest, user: User, choice: Choice) -> BulkForm | None:
    """The form of the chosen change; None before one is chosen."""
    kind = _data(request).get("change", "")
    if kind not in dict(kinds_for(user)) or choice.campaign is None:
        return None
    data = request.POST if request.method == "POST" else None
    return BulkForm(data, kind=kind, actor=user, campaign=choice.campaign)


def _show(
    request: HttpRequest,
    choice: Choice,
    picked: Picked,
    *,
    form: BulkForm | None = None,
    outcomes: list[Outcome] | None = None,
    refused: bool = False,
) -> HttpResponse:
    going = [one for one in outcomes or () if not one.refused]
    context = {
        "campaign": choice.campaign,
        "named": choice.named,
        "picked": picked,
        "most": TASKS_AT_MOST,
        "kinds": kinds_for(signed_in(request)),
        "form": form,
        "kept": _kept(form) if outcomes is not None else [],
        "outcomes": outcomes,
        "going": going,
        "staying": [one for one in outcomes or () if one.refused],
        "refused": refused,
        "list": _list(request).query,
        "back": _back(request),
    }
    status = form_status(request, form) if refused or outcomes is None else 200
    return render(request, "campaign/bulk.html", context, status=status)


def _kept(form: BulkForm | None) -> list[tuple[str, Any]]:
    """What was filled in, as hidden fields of the preview."""
    if form is None:
        return []
    return [(name, form[name].value()) for name in form.fields]


def _back(request: HttpRequest) -> str:
    return f"{reverse('campaign:task_list')}?{plain(_list(request).query)}"


def _list(request: HttpRequest) -> TaskFilter:
    """The list as it was; its address travels as one value, so that its filters and the fields of
    a change, which bear the same names, never meet."""
    address = QueryDict(_data(request).get("list", ""))
    return TaskFilter.from_query(address, now=timezone.now())
