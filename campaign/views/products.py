"""The list of products: who owes what until when, where it stands, what it was graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.forms.products import ProductFilterForm
from campaign.models import Product
from campaign.selectors import choice_of, product_lines
from campaign.selectors.product_filter import STATES, ProductFilter
from campaign.selectors.structure import Structure, structure_at
from security import audit
from security.http import record_shown, require_action, signed_in
from security.models import Unit, User

PAGE = 50


@dataclass(frozen=True)
class Column:
    """A head of the table that sorts by its column; ``aria``: the way of the one in force."""

    label: str
    url: str
    aria: str


@require_GET
@require_action("campaign.view")
def product_list(request: HttpRequest) -> HttpResponse:
    """Products of visible running and done tasks: filters, order, 50 a page."""
    user, now = signed_in(request), timezone.now()
    choice = choice_of(request)
    frame = structure_at(now, choice.campaign) if choice.campaign else None
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    chosen = ProductFilter.from_query(request.GET, campaign=choice.named)
    rows = chosen.apply(user, frame.campaign, now=now)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    lines = product_lines(page.object_list, policy=frame.policy, at=now)  # type: ignore[arg-type]
    audit.record(
        "list",
        actor=user,
        object_type="campaign.product",
        ids=[line.product.pk for line in lines],
    )
    record_shown(request, {line.product.task for line in lines})
    tally = chosen.tally(user, frame.campaign, now=now)
    context = {
        "campaign": frame.campaign,
        "chosen": chosen,
        "lines": lines,
        "page": page,
        "tabs": _tabs(chosen),
        "states": _states(chosen, dict(tally)),
        "total": tally.total(),
        "accepted": tally["A"],
        "columns": {name: _column(chosen, name) for name in ("no", "unit", "due", "state")},
        "now": now,
        "choice": choice,
        **_links(page, chosen.query),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        choices = _choices(user, frame)
        context["form"] = ProductFilterForm(_initial(chosen), choices=choices, auto_id="f_%s")
    template = "campaign/product_list.html"
    if request.htmx:  # type: ignore[attr-defined]
        template += "#results"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def state_words() -> dict[str, str]:
    return {
        "open": _("not handed in"),
        "waiting": _("handed in, awaiting a grade"),
        "A": _("accepted (A)"),
        "B": _("usable, with remedies (B)"),
        "C": _("not accepted (C)"),
    }


def _tabs(chosen: ProductFilter) -> list[tuple[str, str, bool]]:
    words = {"checklist": _("Checklist"), "all": _("All"), "waiting": _("Awaiting a grade")}
    return [
        (f"?{chosen.but(show=key, state='').query}", label, key == chosen.show)
        for key, label in words.items()
    ]


def _states(chosen: ProductFilter, tally: dict[str, int]) -> list[dict[str, Any]]:
    """The number of products in each state, each leading to exactly those."""
    words = state_words()
    return [
        {
            "state": state,
            "word": words[state],
            "count": tally.get(state, 0),
            "query": chosen.but(state="" if chosen.state == state else state).query,
            "here": chosen.state == state,
        }
        for state in STATES
    ]


def _column(chosen: ProductFilter, name: str) -> Column:
    labels = {
        "no": _("Product"),
        "unit": _("Lead unit, owner"),
        "due": _("Deadline"),
        "state": _("State"),
    }
    here = chosen.sort == name
    way = ("descending" if chosen.down else "ascending") if here else ""
    turned = chosen.but(sort=name, down=here and not chosen.down)
    return Column(labels[name], f"?{turned.query}", way)


def _choices(user: User, frame: Structure) -> dict[str, list[tuple[Any, Any]]]:
    seen = Product.objects.visible_to(user).filter(task__campaign=frame.campaign)
    units = Unit.objects.filter(pk__in=seen.order_by().values("task__unit")).order_by("name")
    return {
        "group": [(part.no, f"{part.no}. {part.name}") for part in frame.groups],
        "unit": list(units.values_list("code", "name")),
        "state": list(state_words().items()),
        "due": [
            ("over", _("deadline over, not handed in")),
            ("week", _("due within 7 days")),
            ("remedy", _("to be remedied")),
        ],
    }


def _initial(chosen: ProductFilter) -> dict[str, Any]:
    return {name: getattr(chosen, name) or "" for name in ("group", "unit", "state", "due")}


def _links(page: Any, query: str) -> dict[str, str]:
    before = f"?{query}&" if query else "?"
    said = _("%(first)s–%(last)s of %(total)s") % {
        "first": page.start_index(),
        "last": page.end_index(),
        "total": page.paginator.count,
    }
    return {
        "newer_url": f"{before}page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"{before}page={page.next_page_number()}" if page.has_next() else "",
        "shown_text": said,
    }
