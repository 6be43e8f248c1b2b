"""The tabs between the pages of a plan: ``{% load plans %}{% plan_tabs "list" %}``."""

from __future__ import annotations

from typing import Any

from django import template

from campaign.selectors import TaskFilter
from campaign.views.planning import tabs

register = template.Library()


@register.inclusion_tag("campaign/_plan_tabs.html", takes_context=True)
def plan_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """List, matrices, timeline, calendar; the page's filters (``chosen``) go along."""
    chosen = context.get("chosen")
    return {"entries": tabs(chosen if isinstance(chosen, TaskFilter) else TaskFilter(), here)}
