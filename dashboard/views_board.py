"""The lists behind the board's own numbers, and the board on the wall of the briefing room."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.selectors import TaskFilter, lines_of
from campaign.selectors.chasing import KINDS, REPORT, missing, to_chase
from campaign.selectors.checkpoint import asked_products
from campaign.selectors.choosing import choice_of
from campaign.selectors.lines import with_people
from campaign.selectors.past import TODAY, then_at, with_lead
from campaign.selectors.pressing import with_pressure
from campaign.selectors.structure import Structure, structure_at
from dashboard.chase import NONE, WORDS, by_unit, chase_row, chase_url
from dashboard.checkpoint import PARTS, asked_product, checkpoint_url, narrowed
from dashboard.living import answer
from dashboard.wall import wall_page
from dashboard.words import day_words
from security import audit
from security.http import require_action, signed_in

ROWS = 50
SHOWN = 200


@require_GET
@require_action("campaign.view")
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Products that the next checkpoint will ask for: due by then, not accepted."""
    user, now = signed_in(request), timezone.now()
    base, frame = _asked(request)
    briefing = frame.next_briefing(timezone.localdate(base.at or now)) if frame else None
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    if briefing is None:
        audit.record("list", actor=user, object_type="campaign.product", ids=[])
        return render(request, "dashboard/checkpoint.html", {"campaign": frame.campaign})
    at = base.at or now
    part = request.GET.get("show", "")
    part = part if part in PARTS else "all"
    rows = asked_products(user, frame, base, by=briefing.day, at=at)
    page = _page(_drawn(narrowed(rows, part, at)), request)
    shown = list(page.object_list)
    if base.at:
        then_at(frame.campaign, at).put_into(row.task for row in shown)
    audit.record("list", actor=user, object_type="campaign.product", ids=[row.pk for row in shown])
    words = {
        "all": _("All"),
        "open": _("Not handed in"),
        "waiting": _("Awaiting a grade"),
        "overdue": _("Past their date"),
    }
    context = {
        "campaign": frame.campaign,
        "day": day_words(briefing.day),
        "closing": briefing.closing,
        "at": at,
        "past": base.at is not None,
        "rows": [asked_product(row, at) for row in shown],
        "tabs": [(checkpoint_url(base, key), words[key], key == part) for key in PARTS],
        "page": page,
        **_links(page, checkpoint_url(base, part)),
    }
    return render(request, "dashboard/checkpoint.html", context)


def _drawn(rows: Any) -> Any:
    """What presses most first, with what a line shows."""
    drawn = rows.select_related("task__unit", "task__owner", "task__block__deputy")
    return drawn.order_by("due", "pk")


@require_GET
@require_action("campaign.board")
def chase(request: HttpRequest) -> HttpResponse:
    """Tasks that lack a report of this week, a word on what blocks them, or their product."""
    user, now = signed_in(request), timezone.now()
    base, frame = _asked(request)
    if frame is None:
        return render(request, "campaign/no_campaign.html")
    at = base.at or now
    kind = request.GET.get("what", "")
    kind = kind if kind in KINDS else REPORT
    every = missing(to_chase(user, frame, base.but(unit=""), at=at), kind)
    rows = missing(to_chase(user, frame, base, at=at), kind) if base.unit else every
    page = _page(with_pressure(with_people(rows, at), at).by_severity(), request)
    then = then_at(frame.campaign, at) if base.at else None
    lines = lines_of(page.object_list, policy=frame.policy, at=at, then=then)  # type: ignore[arg-type]
    audit.record(
        "list", actor=user, object_type="campaign.task", ids=[line.task.pk for line in lines]
    )
    context = {
        "campaign": frame.campaign,
        "at": at,
        "past": base.at is not None,
        "kind": kind,
        "none": _(NONE[kind]),
        "rows": [chase_row(line) for line in lines],
        "tabs": [(chase_url(base, key), _(words), key == kind) for key, words in WORDS.items()],
        "units": by_unit(with_lead(every, then or TODAY), base, kind),
        "unit": base.unit,
        "all_url": chase_url(base.but(unit=""), kind),
        "page": page,
        **_links(page, chase_url(base, kind)),
    }
    return render(request, "dashboard/chase.html", context)


@require_GET
@require_action("campaign.board")
def wall(request: HttpRequest) -> HttpResponse:
    """The board for the screen of the briefing room: large, dark, without a name."""
    user, now = signed_in(request), timezone.now()
    choice = choice_of(request)
    page = wall_page(user, now=now, campaign=choice.campaign, named=choice.named)
    if page is None:
        return redirect("board")
    response = answer(request, "dashboard/wall.html", page)
    if response.status_code == SHOWN:
        audit.record("board.read", actor=user, object_type="campaign.task", ids=page.shown)
    return response


def _asked(request: HttpRequest) -> tuple[TaskFilter, Structure | None]:
    """The part and instant of the board that a number stood on, and its campaign's frame."""
    now, choice = timezone.now(), choice_of(request)
    asked = TaskFilter.from_query(request.GET, now=now)
    base = TaskFilter(at=asked.at, unit=asked.unit, deputy=asked.deputy, campaign=choice.named)
    if choice.campaign is None:
        return base, None
    return base, structure_at(asked.at or now, choice.campaign)


def _page(rows: Any, request: HttpRequest) -> Page[Any]:
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


def _links(page: Page[Any], url: str) -> dict[str, str]:
    return {
        "newer_url": f"{url}&page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"{url}&page={page.next_page_number()}" if page.has_next() else "",
        "shown_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": page.start_index(),
            "last": page.end_index(),
            "total": page.paginator.count,
        },
    }
