"""What the pages of a plan share: campaign, filters, instant, and the tabs between the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from campaign.forms.plans import PlanFilterForm
from campaign.models import Light, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import ZONE
from campaign.selectors import TaskFilter, choice_of
from campaign.selectors.filters import NO_GROUP, WITHOUT_LIGHT
from campaign.selectors.past import TODAY, Then, then_at
from campaign.selectors.structure import Structure, structure_at
from campaign.views.lists import groups_of, said_of, user_units
from security.http import signed_in
from security.models import User

FILTERS = ("q", "light", "group", "block", "week", "unit", "kind", "owner")
TABS = (
    ("campaign:task_list", "list"),
    ("campaign:matrix_six", "matrix"),
    ("campaign:timeline", "timeline"),
    ("campaign:calendar", "calendar"),
)
MATRICES = ("six", "progress", "blocks", "units")


class Counted(Paginator):  # type: ignore[type-arg]
    """A paginator that has been told how many rows there are."""

    def __init__(self, rows: Any, per_page: int, total: int) -> None:
        super().__init__(rows, per_page)
        self._total = total

    @cached_property
    def count(self) -> int:
        return self._total


@dataclass(frozen=True)
class Plan:
    """One plan page: whose, of which campaign, of which instant, with which filters.

    more: what the address says beside the filters (order, folded groups), for its links.
    """

    user: User
    now: datetime
    frame: Structure
    chosen: TaskFilter
    more: dict[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return self.chosen.at or self.now

    @property
    def day(self) -> date:
        return self.at.astimezone(ZONE).date()

    @property
    def past(self) -> bool:
        return self.chosen.at is not None

    @property
    def rows(self) -> TaskQuerySet:
        return self.chosen.apply(self.user, self.frame.campaign)

    @cached_property
    def then(self) -> Then:
        """One query for a past instant, none for now."""
        return then_at(self.frame.campaign, self.at) if self.past else TODAY

    def query(self, **more: str) -> str:
        """The query string of this page with some of ``more`` changed; empty values fall away."""
        rest = {name: value for name, value in {**self.more, **more}.items() if value}
        parts = [self.chosen.query, urlencode(rest)]
        return "&".join(part for part in parts if part)


def plan_of(request: HttpRequest, *names: str, drafts: bool = False) -> Plan | None:
    """The plan that a request speaks of; None without a campaign. Two queries.

    names: what else of the address belongs to this page; kept in its links. drafts: whether the
    page shows tasks that have no light yet.
    """
    now, choice = timezone.now(), choice_of(request)
    chosen = TaskFilter.from_query(request.GET, now=now).but(campaign=choice.named, sort="")
    frame = structure_at(chosen.at or now, choice.campaign) if choice.campaign else None
    if frame is None:
        return None
    if chosen.state in WITHOUT_LIGHT and not drafts:
        chosen = chosen.but(state="")
    more = {name: request.GET.get(name, "")[:80] for name in names if request.GET.get(name)}
    return Plan(signed_in(request), now, frame, chosen, more)


def page_context(
    plan: Plan, here: str, *, asked: tuple[str, ...] = FILTERS, matrix: str = ""
) -> dict[str, Any]:
    """Heading, tabs, filters and the notice of a past day. One query, for the units."""
    units = unit_names(plan)
    return {
        "campaign": plan.frame.campaign,
        "chosen": plan.chosen,
        "plan": plan,
        "at": plan.at,
        "past": plan.past,
        "plan_tabs": tabs(plan.chosen, here),
        "matrices": _matrices(plan.chosen, matrix) if matrix else [],
        "form": PlanFilterForm(
            initial=_initial(plan.chosen),
            choices=_choices(plan, units),
            asked=asked,
            auto_id="f_%s",
        ),
        "kept": _kept(plan, asked),
        "said": said(plan.chosen, plan.frame, units),
        "filtered": plan.chosen.any,
    }


def unit_names(plan: Plan) -> list[tuple[str, str]]:
    """(code, name) of the lead units that the reader may choose from. One query."""
    wide = plan.chosen.but(unit="", light=())
    return user_units(wide.apply(plan.user, plan.frame.campaign), plan.then)


def tabs(chosen: TaskFilter, here: str) -> list[tuple[str, str, bool]]:
    """(address, word, current) of the list, the matrices, the timeline and the calendar."""
    words = {
        "list": _("Task list"),
        "matrix": _("Matrices"),
        "timeline": _("Timeline"),
        "calendar": _("Calendar"),
    }
    query = chosen.query
    return [
        (reverse(name) + (f"?{query}" if query else ""), words[key], key == here)
        for name, key in TABS
    ]


def _matrices(chosen: TaskFilter, here: str) -> list[tuple[str, str, bool]]:
    words = {
        "six": _("Six clear"),
        "progress": _("Progress by week"),
        "blocks": _("Responsibility by deputy head"),
        "units": _("Unit × group"),
    }
    query = chosen.query
    return [
        (
            reverse(f"campaign:matrix_{key}") + (f"?{query}" if query else ""),
            words[key],
            key == here,
        )
        for key in MATRICES
    ]


def _choices(plan: Plan, units: list[tuple[str, str]]) -> dict[str, list[tuple[Any, Any]]]:
    frame = plan.frame
    return {
        "state": [
            ("draft", _("Drafts")),
            ("active", _("Running")),
            ("done", _("Completed")),
        ],
        "light": [*Light.choices, *_several(plan.chosen.light)],
        "group": groups_of(frame, plan.chosen),
        "block": [(part.no, f"{part.no}. {part.name}") for part in frame.blocks],
        "week": [(phase.no, phase.label) for phase in frame.phases],
        "unit": units,
        "kind": list(Task.Kind.choices),
        "owner": [("me", _("My own"))],
    }


def _several(lights: tuple[str, ...]) -> list[tuple[str, str]]:
    """A choice of its own for several lights, which an address asks for: one field shows them."""
    if len(lights) < 2:
        return []
    return [(",".join(lights), ", ".join(str(Light(light).label) for light in lights))]


def _initial(chosen: TaskFilter) -> dict[str, Any]:
    names = ("state", "group", "block", "week", "unit", "kind", "owner")
    shown = {name: said_of(chosen, name) for name in names}
    shown["owner"] = chosen.owner if chosen.owner == "me" else ""
    return {
        **shown,
        "q": chosen.words,
        "light": ",".join(chosen.light),
        "at": timezone.localdate(chosen.at) if chosen.at else None,
    }


def _kept(plan: Plan, asked: tuple[str, ...]) -> list[tuple[str, str]]:
    """What the form has no field for and yet carries on: (name, value)."""
    chosen = plan.chosen
    found: list[tuple[str, Any]] = [("campaign", chosen.campaign), ("row", chosen.row)]
    found += [("deputy", chosen.deputy), ("owner", chosen.owner if chosen.owner != "me" else "")]
    if "state" not in asked:
        found.append(("state", chosen.state))
    found += [(name, "1" if getattr(chosen, name) else "") for name in ("late", "due")]
    if chosen.at and "at" in asked:  # the field shows its day alone
        found.append(("moment", chosen.at.isoformat()))
    found += plan.more.items()
    return [(name, str(value)) for name, value in found if value and name != "page"]


def said(chosen: TaskFilter, frame: Structure, units: list[tuple[str, str]]) -> list[str]:
    """The filters in words, for the page's head, for paper and for tables."""
    words = [str(Light(light).label) for light in chosen.light]
    for parts, number in (
        (frame.groups, chosen.group),
        (frame.blocks, chosen.block),
        (frame.rows, chosen.row),
    ):
        words += [part.name for part in parts if part.no == number]
    words += [_("No group")] if chosen.group == NO_GROUP else []
    words += [phase.label for phase in frame.phases if phase.no == chosen.week]
    words += [str(Task.Kind(chosen.kind).label)] if chosen.kind else []
    words += [str(Task.State(chosen.state).label)] if chosen.state else []
    words += [name for code, name in units if code == chosen.unit]
    words += [_("My own")] if chosen.owner == "me" else []
    words += [_("one owner")] if chosen.owner not in ("", "me") else []
    words += [f"“{chosen.words}”"] if chosen.words else []
    words += [_("blocks that I head")] if chosen.deputy else []
    words += [_("done late")] if chosen.late else []
    words += [_("deadline over")] if chosen.due else []
    return words


def of_light(query: str, light: str) -> str:
    """A query narrowed to one colour, whichever it asked for before: what a number opens."""
    rest = [part for part in query.split("&") if part and not part.startswith("light=")]
    return "&".join([*rest, f"light={light}"])


def as_of(at: datetime) -> str:
    """The moment that a page or a table speaks of, in words."""
    return formats.date_format(timezone.localtime(at), "H:i, d/m/Y")


def page_links(page: Page[Any], plan: Plan) -> dict[str, str]:
    """Addresses of the pages before and after, and which rows are shown."""
    before, after = page.has_previous(), page.has_next()
    return {
        "newer_url": f"?{plan.query(page=str(page.previous_page_number()))}" if before else "",
        "older_url": f"?{plan.query(page=str(page.next_page_number()))}" if after else "",
        "shown_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": page.start_index(),
            "last": page.end_index(),
            "total": page.paginator.count,
        },
    }


def sort_of(plan: Plan, sorts: tuple[str, ...], default: str) -> str:
    """The order that the address asks for, ``-name`` for backwards; default for any other."""
    asked = plan.more.get("order", "")
    return asked if asked.removeprefix("-") in sorts else default


def sort_links(plan: Plan, sorts: tuple[str, ...], default: str) -> dict[str, Any]:
    """For the heads of a table: the address that sorts by each column, and the one in force."""
    now = sort_of(plan, sorts, default)
    links = {}
    for name in sorts:
        turned = f"-{name}" if now == name else name
        links[name] = {
            "url": f"?{plan.query(order=turned, page='')}",
            "aria": {name: "ascending", f"-{name}": "descending"}.get(now, ""),
        }
    return {"sorts": links, "sort": now}
