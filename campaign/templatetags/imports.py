"""What a row of a table changes, part by part."""

from __future__ import annotations

from typing import Any

from django import template

from campaign.imports.checking import LABELS
from security.scope import may

register = template.Library()


@register.inclusion_tag("campaign/_import_link.html", takes_context=True)
def import_link(context: dict[str, Any]) -> dict[str, Any]:
    """The way to taking a table in, for whoever runs a campaign that is open."""
    campaign, user = context.get("campaign"), context["request"].user
    return {"offered": campaign and campaign.closed_at is None and may(user, "campaign.manage")}


@register.inclusion_tag("campaign/_import_parts.html")
def import_parts(said: list[Any]) -> dict[str, Any]:
    """said: (key of the column, before, after) of each part that differs."""
    return {"parts": [(LABELS[key], before, after) for key, before, after in said]}
