"""The calendar of a plan: deadlines, checkpoints and briefings by month, week of the plan or day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.models import Light
from campaign.models.light import shape
from campaign.selectors.calendar import DAY, Day, Event, days_between, due_between
from campaign.selectors.lines import lines_of, with_people
from campaign.views.planning import FILTERS, Plan, of_light, page_context, page_links, plan_of
from security import audit
from security.http import require_action

LINES = 50
NAMED = {"month": 3, "week": 12, "day": 0}  # the page of a day lists its tasks below
PRODUCTS = {"month": 3, "week": 12, "day": LINES}
VIEWS = ("month", "week", "day")
NEAREST, FARTHEST = date(2000, 2, 1), date(2200, 1, 1)  # room for a month on either side


@dataclass(frozen=True)
class Span:
    """What one page shows: whole weeks of a month, a week of the plan, one day."""

    view: str
    day: date
    first: date
    last: date

    def other(self, direction: int) -> date:
        """Some day of the page before (-1) or after (1)."""
        if self.view == "month":
            middle = self.day.replace(day=15) + direction * timedelta(days=30)
            return middle.replace(day=1)
        return self.day + direction * DAY * (7 if self.view == "week" else 1)


@require_GET
@require_action("campaign.view")
def calendar(request: HttpRequest) -> HttpResponse:
    plan = plan_of(request, "view", "day")
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    span = span_of(plan)
    places = _places(request, span)
    days = days_between(
        plan.user,
        plan.frame,
        plan.rows,
        (span.first, span.last),
        at=plan.at,
        past=plan.chosen.at,
        shown=NAMED[span.view],
        places=places,
    )
    boxes = [_box(plan, span, day, places) for day in days]
    context = {
        **page_context(plan, "calendar", asked=(*FILTERS, "at")),
        "span": span,
        "title": _title(plan, span),
        "weeks": [boxes[n : n + 7] for n in range(0, len(boxes), 7)],
        "names": [formats.date_format(day.day, "l") for day in days[:7]],
        "agenda": [box for box in boxes if not box["day"].empty and not box["outside"]],
        "before_url": f"?{plan.query(view=span.view, day=span.other(-1).isoformat())}",
        "after_url": f"?{plan.query(view=span.view, day=span.other(1).isoformat())}",
        "today_url": f"?{plan.query(view=span.view, day='')}",
        "ways": _ways(plan, span),
    }
    shown = {task.pk for day in days for task in day.tasks}
    shown |= {line.product.task_id for day in days for line in day.products}
    if span.view == "day":
        context |= _list_of(request, plan, span, boxes[0], shown)
    audit.record("list", actor=plan.user, object_type="campaign.task", ids=sorted(shown))
    return render(request, "campaign/calendar.html", context)


def _places(request: HttpRequest, span: Span) -> range:
    """Which products of a day are named: the first ones, on the day's own page any page of them."""
    size, given = PRODUCTS[span.view], request.GET.get("products", "")
    known = span.view == "day" and given.isdecimal() and len(given) <= 4
    first = (max(int(given), 1) - 1) * size + 1 if known else 1
    return range(first, first + size)


def span_of(plan: Plan) -> Span:
    """From the address; without a day that it can read, today or the nearest day of the campaign."""
    view = plan.more.get("view", "")
    view = view if view in VIEWS else "month"
    day = _day(plan.more.get("day", ""))
    if day is None:
        campaign = plan.frame.campaign
        day = min(max(plan.day, campaign.start), campaign.end)
    if view == "month":
        first = day.replace(day=1)
        first -= first.weekday() * DAY
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY
        return Span(view, day, first, last + (6 - last.weekday()) * DAY)
    if view == "week":
        # Weeks of a plan begin on the weekday on which the campaign began.
        first = day - ((day.weekday() - plan.frame.campaign.start.weekday()) % 7) * DAY
        return Span(view, day, first, first + 6 * DAY)
    return Span(view, day, day, day)


def _day(given: str) -> date | None:
    try:
        day = parse_date(given)
    except ValueError:
        return None
    return day if day and NEAREST < day < FARTHEST else None


def _title(plan: Plan, span: Span) -> str:
    if span.view == "month":
        return _("Month %(month)s") % {"month": f"{span.day:%m/%Y}"}
    if span.view == "day":
        return formats.date_format(span.day, "l, d/m/Y")
    phase = plan.frame.phase_on(span.first)
    days = f"{span.first:%d/%m}–{span.last:%d/%m/%Y}"
    return f"{phase.name} · {days}" if phase else days


def _ways(plan: Plan, span: Span) -> list[tuple[str, str, bool]]:
    words = {"month": _("Month"), "week": _("Week of the plan"), "day": _("Day")}
    day = span.day.isoformat()
    return [
        (f"?{plan.query(view=view, day=day)}", words[view], view == span.view) for view in VIEWS
    ]


def _box(plan: Plan, span: Span, day: Day, places: range) -> dict[str, Any]:
    here = plan.query(view="day", day=day.day.isoformat())
    following = f"&products={places.stop // len(places) + 1}" if span.view == "day" else ""
    return {
        "day": day,
        "url": f"?{here}",
        "more_products": max(day.product_total - places.stop + 1, 0),
        "products_url": f"?{here}{following}",
        "counts": [
            {
                "light": light,
                "n": n,
                "word": Light(light).label,
                "url": f"?{of_light(here, light)}",
            }
            for light, n in day.bars
        ],
        "events": [(event.kind, _event_words(event)) for event in day.events],
        "tasks": [(task, shape(task.lit, task.late_days)) for task in day.tasks],  # type: ignore[attr-defined]
        "today": day.day == plan.day,
        "weekend": day.day.weekday() > 4,
        "outside": span.view == "month" and day.day.month != span.day.month,
    }


def _event_words(event: Event) -> str:
    return {
        "start": _("The campaign begins"),
        "end": _("The campaign ends"),
        "week": _("%(phase)s begins") % {"phase": event.phase.name} if event.phase else "",
        "briefing": _("Briefing"),
        "closing": _("Closing briefing"),
    }[event.kind]


def _list_of(
    request: HttpRequest, plan: Plan, span: Span, box: dict[str, Any], shown: set[int]
) -> dict[str, Any]:
    """Every task that is due on the day, page by page."""
    due = due_between(plan.rows, span.day, span.day, past=plan.chosen.at)
    rows = with_people(due, plan.at).by_severity()
    page = Paginator(rows, LINES).get_page(request.GET.get("page"))
    then = plan.then if plan.past else None
    lines = lines_of(page.object_list, policy=plan.frame.policy, at=plan.at, then=then)  # type: ignore[arg-type]
    shown |= {line.task.pk for line in lines}
    return {"box": box, "task_lines": lines, "page": page, **page_links(page, plan)}
