"""The timeline: tasks as bars over the campaign's days, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dates import MONTHS_3
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign import gantt
from campaign.selectors import timeline as lines
from campaign.selectors.timeline import Bar, Section
from campaign.views.planning import FILTERS, Counted, Plan, page_context, page_links, plan_of
from security import audit
from security.http import require_action

ROWS = 200


@dataclass(frozen=True)
class Head:
    """The line above a section's bars; ``url`` folds or unfolds it."""

    section: Section
    folded: bool
    url: str
    stroke: gantt.Stroke


@require_GET
@require_action("campaign.view")
def timeline(request: HttpRequest) -> HttpResponse:
    plan = plan_of(request, "by", "fold")
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    by = lines.by_of(plan.more.get("by", ""))
    rows = lines.dated(plan.rows)
    sections = lines.sections_of(rows, by, plan.then)
    folded = folded_of(plan, sections)
    open_rows = sum(one.counts.total() for one in sections if one.key not in folded)
    shown = lines.in_order(lines.unfolded(rows, by, folded, plan.then), by, plan.then)
    page = Counted(shown, ROWS, open_rows).get_page(request.GET.get("page"))
    bars = lines.bars_of(
        page.object_list,  # type: ignore[arg-type]
        user=plan.user,
        policy=plan.frame.policy,
        at=plan.at,
        then=plan.then if plan.past else None,
        by=by,
    )
    audit.record(
        "list", actor=plan.user, object_type="campaign.task", ids=[bar.task.pk for bar in bars]
    )
    context = {
        **page_context(plan, "timeline", asked=(*FILTERS, "at")),
        **page_links(page, plan),
        **picture(plan, bars, _shown(sections, bars, folded, page), folded),
        "bars": bars,
        "page": page,
        "sections": sections,
        "ways": _ways(plan, by),
        "fold_all": f"?{plan.query(fold='all', page='')}" if len(folded) < len(sections) else "",
        "open_all": f"?{plan.query(fold='', page='')}" if folded else "",
        "table": "timeline",
    }
    return render(request, "campaign/timeline.html", context)


def folded_of(plan: Plan, sections: list[Section]) -> frozenset[str]:
    """Keys of the folded sections; what the address says of others is dropped."""
    said = plan.more.get("fold", "")
    there = {section.key for section in sections}
    return frozenset(there if said == "all" else there & set(said.split(",")))


def _ways(plan: Plan, by: str) -> list[tuple[str, str, bool]]:
    words = {
        "group": _("By group"),
        "block": _("By deputy head's block"),
        "unit": _("By lead unit"),
    }
    return [
        (f"?{plan.query(by=key, fold='', page='')}", word, key == by) for key, word in words.items()
    ]


def _shown(
    sections: list[Section], bars: list[Bar], folded: frozenset[str], page: Page[Any]
) -> list[Section]:
    """Sections of this page: those of its bars, and the folded ones that lie among them."""
    places = {section.key: place for place, section in enumerate(sections)}
    here = [places[bar.section] for bar in bars]
    first = min(here, default=0) if page.has_previous() else 0
    last = max(here, default=0) if page.has_next() else len(sections)
    return [
        section
        for place, section in enumerate(sections)
        if place in set(here) or (section.key in folded and first <= place <= last)
    ]


def picture(
    plan: Plan, bars: list[Bar], sections: list[Section], folded: frozenset[str]
) -> dict[str, Any]:
    """Everything that the template draws."""
    campaign, today = plan.frame.campaign, plan.day
    days = [day for bar in bars for day in (bar.start, bar.end)]
    days += [day for one in sections for day in (one.first, one.last)]
    scale = gantt.scale_of(campaign.start, campaign.end, days)
    bands = bands_of(plan, scale, bars, sections, folded)
    marks = gantt.marks(scale, _checkpoints(plan))
    tall = max((band.height for band in bands), default=0)
    weeks = [(phase.label, phase.start, phase.end) for phase in plan.frame.phases]
    months = [str(MONTHS_3[no]) for no in range(1, 13)]
    return {
        "bands": bands,
        "width": gantt.WIDTH,
        "head_height": gantt.HEAD,
        "labels": gantt.LABELS,
        "ticks": gantt.ticks(scale, weeks, today, months),
        "days": gantt.day_ticks(scale, today),
        "marks": marks,
        "weekends": gantt.weekends(scale, tall),
        "lines": gantt.lines_through(marks, tall),
        "tall": tall,
        "today": gantt.px(scale.x(today)) if scale.first <= today <= scale.last else "",
    }


def _checkpoints(plan: Plan) -> Iterator[tuple[date, str, bool]]:
    for briefing in plan.frame.briefings:
        word = _("Closing briefing") if briefing.closing else _("Briefing")
        yield briefing.day, f"{word} {briefing.day:%d/%m/%Y}", briefing.closing


def bands_of(
    plan: Plan,
    scale: gantt.Scale,
    bars: list[Bar],
    sections: list[Section],
    folded: frozenset[str],
) -> list[gantt.Band]:
    """One band a section, several where it is long; then the arrows between their bars."""
    bands: list[gantt.Band] = []
    middles: dict[int, tuple[date, int]] = {}
    top = 0
    for section in sections:
        inside = [bar for bar in bars if bar.section == section.key]
        for number in range(0, max(len(inside), 1), gantt.ROWS_IN_A_BAND):
            head = _head(plan, scale, section, folded) if not number else None
            band = _band(scale, top, head, inside[number : number + gantt.ROWS_IN_A_BAND])
            for bar, stroke in band.rows:
                if isinstance(bar, Row):
                    middles[bar.bar.task.pk] = (bar.bar.end, top + stroke.y + gantt.BAR // 2)
            top += band.height
            bands.append(band)
    _put_arrows(scale, bars, middles, bands)
    return bands


@dataclass(frozen=True)
class Row:
    """A bar with its name on two lines, and where they stand."""

    bar: Bar
    first: str
    second: str
    top: int

    @property
    def text_y(self) -> int:
        return self.top + (16 if self.second else 24)


def _band(scale: gantt.Scale, top: int, head: Head | None, bars: list[Bar]) -> gantt.Band:
    offset = gantt.TITLE if head else 0
    band = gantt.Band(top, head, offset + gantt.ROW * len(bars))
    for place, bar in enumerate(bars):
        y = offset + place * gantt.ROW
        percent = 100 if bar.line.light == "done" else bar.line.progress
        stroke = gantt.stroke(
            scale, y + (gantt.ROW - gantt.BAR) // 2, bar.start, bar.end, percent, bar.original_end
        )
        first, second = gantt.two_lines(f"{bar.task.code} {bar.task.title}")
        band.rows.append((Row(bar, first, second, y), stroke))
    return band


def _head(plan: Plan, scale: gantt.Scale, section: Section, folded: frozenset[str]) -> Head:
    closed = section.key in folded
    rest = folded - {section.key} if closed else folded | {section.key}
    stroke = gantt.stroke(scale, 12, section.first, section.last, 0, None)
    url = f"?{plan.query(fold=','.join(sorted(rest)), page='')}"
    return Head(section, closed, url, stroke)


def _put_arrows(
    scale: gantt.Scale,
    bars: list[Bar],
    middles: dict[int, tuple[date, int]],
    bands: list[gantt.Band],
) -> None:
    for bar in bars:
        for other in bar.others:
            if other not in middles:
                continue
            arrow = gantt.arrow(scale, middles[other], middles[bar.task.pk])
            for band in bands:
                if arrow.top < band.bottom and arrow.bottom > band.top:
                    band.arrows.append(arrow)
