"""Parts of the plan pages that are drawn hundreds of times on a page, built in Python for that.

``{% load plans %}{% plan_tabs "list" %}``: the tabs between the pages of a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaign import gantt
from campaign.selectors import TaskFilter
from campaign.selectors.timeline import Bar
from campaign.templatetags.lights import light_of
from campaign.views.planning import tabs
from campaign.views.timeline import Row

register = template.Library()


@register.inclusion_tag("campaign/_plan_tabs.html", takes_context=True)
def plan_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """List, matrices, timeline, calendar; the page's filters (``chosen``) go along."""
    chosen = context.get("chosen")
    return {"entries": tabs(chosen if isinstance(chosen, TaskFilter) else TaskFilter(), here)}


@register.simple_tag
def count_links(counts: Iterable[dict[str, Any]], *names: str) -> SafeString:
    """Numbers of each colour, worst first, each opening its list; ``names``: what they count."""
    address, where = reverse("campaign:task_list"), ", ".join(name for name in names if name)
    found = [
        format_html(
            '<li><a class="light light-{}" href="{}?{}" aria-label="{}: {} {}">{}</a></li>',
            *(one["light"], address, one["query"], where, one["word"], one["n"], one["n"]),
        )
        for one in counts
    ]
    if not found:
        return SafeString('<span class="muted">–</span>')
    return format_html(
        '<ul class="counts">{}</ul>', format_html_join("", "{}", ((x,) for x in found))
    )


@register.simple_tag
def gantt_row(row: Row, stroke: gantt.Stroke) -> SafeString:
    """A bar with its name: one link that says everything about the task."""
    bar, line, task = row.bar, row.bar.line, row.bar.task
    return format_html(
        '<a class="gantt-row" href="{}"><title>{} {}. {}. {}–{}. {}. {}%</title>'
        '<rect class="gantt-hit" y="{}" width="{}" height="{}"/>'
        '<use href="#mark-{}" x="14" y="{}"/><text x="36" y="{}" class="gantt-name">{}{}</text>'
        '<rect x="{}" y="{}" width="{}" height="14" rx="2" class="gantt-bar is-{}"/>{}{}</a>',
        *(reverse("campaign:task_detail", args=[task.pk]), task.code, task.title, task.unit.name),
        *(_day(bar.start), f"{bar.end:%d/%m/%Y}", ". ".join(line.why), line.progress),
        *(row.top, gantt.WIDTH, gantt.ROW, line.shape, row.top + 12, row.text_y, row.first),
        format_html('<tspan x="36" dy="14">{}</tspan>', row.second) if row.second else "",
        *(stroke.x, stroke.y, stroke.width, line.light),
        _done(stroke, line.light),
        format_html('<path d="M{} {}v22" class="gantt-original"/>', stroke.original, row.top + 8)
        if stroke.original
        else "",
    )


@register.simple_tag
def timeline_rows(bars: Iterable[Bar]) -> SafeString:
    """The bars as rows of a table."""
    words = [_("Start"), _("Deadline"), _("Progress"), _("Depends on")]
    return format_html_join("", "{}", ((_table_row(bar, words),) for bar in bars))


def _table_row(bar: Bar, words: list[str]) -> SafeString:
    line, task = bar.line, bar.line.task
    pressing = {"red": "late", "yellow": "soon"}.get(line.light, "")
    first = _("first deadline:") if bar.original_end else ""
    return format_html(
        '<tr><td class="c-light">{}</td><td class="c-title"><a class="ledger-title" href="{}">{}</a>'
        '<span class="sub">{} · {} · <b>{}</b></span></td><td class="nowrap" data-label="{}">{}</td>'
        '<td class="nowrap" data-label="{}"><span class="{}">{}</span>{}</td>'
        '<td class="num" data-label="{}">{}%</td><td data-label="{}">{}</td></tr>',
        *(light_of(line, hide_word=True), reverse("campaign:task_detail", args=[task.pk])),
        *(task.title, task.code, task.unit.name, task.owner or "–"),
        *(words[0], f"{bar.start:%d/%m/%Y}", words[1], pressing, f"{bar.end:%d/%m/%Y}"),
        format_html('<span class="sub">{} {}</span>', first, f"{bar.original_end:%d/%m/%Y}")
        if bar.original_end
        else "",
        *(words[2], line.progress, words[3], ", ".join(bar.waits_for)),
    )


def _done(stroke: gantt.Stroke, light: str) -> SafeString:
    """The part that has been reported."""
    if stroke.done == "0":
        return SafeString("")
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="14" rx="2" class="gantt-done is-{}"/>',
        *(stroke.x, stroke.y, stroke.done, light),
    )


def _day(day: date) -> str:
    return f"{day:%d/%m}"
