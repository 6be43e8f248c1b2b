"""The list of tasks: every number of the board leads to it."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.forms import FilterForm
from campaign.forms.bulk import kinds_for
from campaign.models import Light, SavedView, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskFilter, choice_of, lines_of
from campaign.selectors.filter_words import SORTS, STATES, chips_of, owner_name, why_empty
from campaign.selectors.filters import NO_GROUP
from campaign.selectors.lines import with_people
from campaign.selectors.past import TODAY, Then, then_at, with_lead
from campaign.selectors.saved import default_query, plain, views_of
from campaign.selectors.structure import Structure, structure_at
from campaign.services.agreeing import MANAGE
from security import audit
from security.http import require_action, signed_in
from security.models import Unit, User
from security.scope import may

PAGE = 50


@require_GET
@require_action("campaign.view")
def task_list(request: HttpRequest) -> HttpResponse:
    """Visible tasks of the chosen campaign, worst first; opened plainly, the default view."""
    user, now = signed_in(request), timezone.now()
    if not request.GET and (default := default_query(user, SavedView.Page.TASKS)):
        return redirect(f"{request.path}?{default}")
    choice = choice_of(request)
    chosen = TaskFilter.from_query(request.GET, now=now).but(campaign=choice.named)
    at = chosen.at or now
    frame = structure_at(at, choice.campaign) if choice.campaign else None
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    rows = chosen.apply(user, frame.campaign)
    then = then_at(frame.campaign, at) if chosen.at else None
    page = _page(chosen.ordered(with_people(rows, at), then or TODAY), request)
    lines = lines_of(page.object_list, policy=frame.policy, at=at, then=then)  # type: ignore[arg-type]
    audit.record(
        "list",
        actor=user,
        object_type="campaign.task",
        ids=[line.task.pk for line in lines],
    )
    context = {
        "campaign": frame.campaign,
        "chosen": chosen,
        "lines": lines,
        "page": page,
        "at": at,
        "past": then is not None,
        **_words(request, user, chosen, frame, then or TODAY),
        **_links(page, chosen.query),
    }
    if not lines:
        context["empty"] = _why_empty(user, chosen, frame)
    return _answer(request, "campaign/task_list.html", context)


def _words(
    request: HttpRequest, user: User, chosen: TaskFilter, frame: Structure, then: Then
) -> dict[str, Any]:
    """What stands around the rows: filters in words, tabs, heads; the form for a whole page."""
    units = user_units(Task.objects.visible_to(user).filter(campaign=frame.campaign), then)
    person = owner_name(user, chosen)
    views = views_of(user, SavedView.Page.TASKS, chosen.kept.query)
    words = {
        "chips": chips_of(chosen, frame, units, person),
        "bare": TaskFilter(at=chosen.at, campaign=chosen.campaign).query or "state=",
        "tabs": _tabs(chosen, named=any(view.here for view in views)),
        "views": views,
        "may_save": chosen.kept != TaskFilter() and not any(view.here for view in views),
        "heads": _heads(chosen),
        "kinds": kinds_for(user) if not (chosen.at or frame.campaign.closed_at) else (),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        words["manages"] = may(user, MANAGE)
        choices = _choices(frame, units, chosen, (chosen.owner, person) if person else None)
        words["form"] = FilterForm(initial=_initial(chosen), choices=choices, auto_id="f_%s")
    return words


def user_units(rows: TaskQuerySet, then: Then = TODAY) -> list[tuple[str, str]]:
    """Lead units that occur in the user's own tasks; no other unit's existence is told."""
    if then.units:
        led = with_lead(rows, then).order_by("lead_name", "lead_code")
        return list(led.values_list("lead_code", "lead_name").distinct())
    units = Unit.objects.filter(pk__in=rows.order_by().values("unit")).order_by("name")
    return list(units.values_list("code", "name"))


def _choices(
    frame: Structure,
    units: list[tuple[str, str]],
    chosen: TaskFilter,
    person: tuple[str, str] | None,
) -> dict[str, list[tuple[Any, Any]]]:
    return {
        "light": list(Light.choices),
        "group": groups_of(frame, chosen),
        "block": [(part.no, f"{part.no}. {part.name}") for part in frame.blocks],
        "week": [(phase.no, phase.label) for phase in frame.phases],
        "unit": units,
        "kind": list(Task.Kind.choices),
        "owner": [("me", _("My own")), *([person] if person else [])],
        "state": list(STATES.items()),
        "sort": list(SORTS.items()),
    }


def groups_of(frame: Structure, chosen: TaskFilter) -> list[tuple[Any, Any]]:
    """To choose from; what lies outside them where a number of a matrix asked for it."""
    groups = [(part.no, f"{part.no}. {part.name}") for part in frame.groups]
    return [*groups, (str(NO_GROUP), _("No group"))] if chosen.group == NO_GROUP else groups


def said_of(chosen: TaskFilter, name: str) -> str:
    """A value of the filter as its field writes it."""
    value = getattr(chosen, name)
    return "" if value is None else str(value)


def _initial(chosen: TaskFilter) -> dict[str, Any]:
    names = ("group", "block", "week", "unit", "kind", "owner", "state", "sort")
    plain = {name: said_of(chosen, name) for name in names}
    return {"q": chosen.words, "light": list(chosen.light), **plain}


def _tabs(chosen: TaskFilter, *, named: bool) -> list[tuple[str, str, bool]]:
    """(query, label, current): on the board, my own, drafts. named: a saved view is shown."""
    here = chosen.but(state="", owner="")
    mine = here.but(owner="me", state="active")
    drafts = TaskFilter(state="draft", campaign=chosen.campaign)
    on_board = chosen.state not in {"draft", "cancelled"} and chosen.owner != "me"
    return [
        (plain(here.query), _("On the board"), on_board and not named),
        (mine.query, _("My own"), chosen.owner == "me" and not named),
        (drafts.query, _("Drafts"), chosen.state == "draft" and not named),
    ]


def _heads(chosen: TaskFilter) -> dict[str, dict[str, str]]:
    """The columns that sort: where a click leads, and how they are sorted now."""
    heads = {"light": {"query": plain(chosen.but(sort="").query), "now": ""}}
    if not chosen.sort:
        heads["light"]["now"] = "descending"
    for name in ("code", "deadline"):
        turned = f"-{name}" if chosen.sort == name else name
        now = {name: "ascending", f"-{name}": "descending"}.get(chosen.sort, "")
        heads[name] = {"query": chosen.but(sort=turned).query, "now": now}
    return heads


def _why_empty(user: User, chosen: TaskFilter, frame: Structure) -> tuple[str, str]:
    rows = Task.objects.visible_to(user).filter(campaign=frame.campaign)
    lit = Q(state__in=["active", "done"])
    known = rows.aggregate(seen=Count("pk"), on_board=Count("pk", filter=lit))
    return why_empty(chosen, **known)


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
