"""Lists of tasks and products: every number of the board leads to one of these."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.forms import FilterForm
from campaign.models import Light, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import (
    TaskFilter,
    choice_of,
    chosen_campaign,
    lines_of,
    product_lines,
)
from campaign.selectors.lines import with_people
from campaign.selectors.past import then_at
from campaign.selectors.structure import Structure, structure_at
from security import audit
from security.http import record_shown, require_action, signed_in
from security.models import Unit

PAGE = 50


@require_GET
@require_action("campaign.view")
def task_list(request: HttpRequest) -> HttpResponse:
    """Visible tasks of the current campaign, worst first; drafts behind ``state=draft``."""
    user, now = signed_in(request), timezone.now()
    choice = choice_of(request)
    frame = structure_at(now, choice.campaign) if choice.campaign else None
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    chosen = TaskFilter.from_query(request.GET, now=now).but(campaign=choice.named)
    at = chosen.at or now
    rows = chosen.apply(user, frame.campaign)
    page = _page(with_people(rows, at).by_severity(), request)
    then = then_at(frame.campaign, at) if chosen.at else None
    lines = lines_of(page.object_list, policy=frame.policy, at=at, then=then)  # type: ignore[arg-type]
    audit.record(
        "list",
        actor=user,
        object_type="campaign.task",
        ids=[line.task.pk for line in lines],
    )
    units = user_units(chosen.but(unit="").apply(user, frame.campaign))
    context = {
        "campaign": frame.campaign,
        "chosen": chosen,
        "lines": lines,
        "page": page,
        "at": at,
        "past": then is not None,
        "said": _said(chosen, frame, units),
        "tabs": _tabs(chosen),
        **_links(page, chosen.query),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        context["form"] = FilterForm(
            _initial(chosen), choices=_choices(frame, units), auto_id="f_%s"
        )
    return _answer(request, "campaign/task_list.html", context)


@require_GET
@require_action("campaign.view")
def product_list(request: HttpRequest) -> HttpResponse:
    """Products of visible running tasks: the plan's checklist, all, or those waiting for a grade."""
    user, now = signed_in(request), timezone.now()
    campaign = chosen_campaign(request)
    frame = structure_at(now, campaign) if campaign else None
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    shown = request.GET.get("show", "checklist")
    rows = Product.objects.visible_to(user).filter(
        task__campaign=frame.campaign, task__state__in=["active", "done"]
    )
    if shown == "waiting":
        rows = rows.awaiting()
    elif shown != "all":
        shown, rows = "checklist", rows.mandatory()
    order = ("position",) if shown == "checklist" else ("task__code", "position")
    page = _page(rows.order_by(*order, "pk"), request)
    lines = product_lines(page.object_list, policy=frame.policy, at=now)  # type: ignore[arg-type]
    audit.record(
        "list",
        actor=user,
        object_type="campaign.product",
        ids=[line.product.pk for line in lines],
    )
    record_shown(request, {line.product.task for line in lines})
    tabs = [("checklist", _("Checklist")), ("all", _("All")), ("waiting", _("Awaiting a grade"))]
    context = {
        "campaign": frame.campaign,
        "lines": lines,
        "page": page,
        "shown": shown,
        "tabs": [(f"?show={key}", label, key == shown) for key, label in tabs],
        "done": sum(line.state == "A" for line in lines),
        **_links(page, f"show={shown}"),
    }
    return _answer(request, "campaign/product_list.html", context)


def user_units(rows: TaskQuerySet) -> list[tuple[str, str]]:
    """Lead units that occur in the user's own tasks; no other unit's existence is told."""
    units = Unit.objects.filter(pk__in=rows.order_by().values("unit")).order_by("name")
    return list(units.values_list("code", "name"))


def _choices(frame: Structure, units: list[tuple[str, str]]) -> dict[str, list[tuple[Any, Any]]]:
    return {
        "light": list(Light.choices),
        "group": [(part.no, f"{part.no}. {part.name}") for part in frame.groups],
        "week": [(phase.no, phase.label) for phase in frame.phases],
        "unit": units,
        "kind": list(Task.Kind.choices),
        "owner": [("me", _("My own"))],
    }


def _initial(chosen: TaskFilter) -> dict[str, Any]:
    light = chosen.light[0] if len(chosen.light) == 1 else ""
    names = ("group", "week", "unit", "kind", "owner")
    return {"light": light, **{name: getattr(chosen, name) or "" for name in names}}


def _said(chosen: TaskFilter, frame: Structure, units: list[tuple[str, str]]) -> list[str]:
    """The filters in words; those that have no field of their own must be seen too."""
    said = [str(Light(light).label) for light in chosen.light]
    for parts, number in (
        (frame.groups, chosen.group),
        (frame.blocks, chosen.block),
        (frame.rows, chosen.row),
    ):
        said += [part.name for part in parts if part.no == number]
    said += [phase.label for phase in frame.phases if phase.no == chosen.week]
    said += [str(Task.Kind(chosen.kind).label)] if chosen.kind else []
    said += [_("done late")] if chosen.late else []
    said += [_("deadline over")] if chosen.due else []
    said += [name for code, name in units if code == chosen.unit]
    return said


def _tabs(chosen: TaskFilter) -> list[tuple[str, str, bool]]:
    """(query, label, current): on the board, my own, drafts."""
    here = chosen.but(state="", owner="")
    mine = here.but(owner="me", state="active")
    drafts = TaskFilter(state="draft")
    return [
        (here.query, _("On the board"), chosen.state != "draft" and not chosen.owner),
        (mine.query, _("My own"), chosen.owner == "me"),
        (drafts.query, _("Drafts"), chosen.state == "draft"),
    ]


def _page(rows: Any, request: HttpRequest) -> Page[Any]:
    return Paginator(rows, PAGE).get_page(request.GET.get("page"))


def _links(page: Page[Any], query: str) -> dict[str, str]:
    return {
        "newer_url": f"?{query}&page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"?{query}&page={page.next_page_number()}" if page.has_next() else "",
        "shown_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": page.start_index(),
            "last": page.end_index(),
            "total": page.paginator.count,
        },
    }


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        template += "#results"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
