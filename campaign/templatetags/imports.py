"""What a row of a table changes, part by part."""

from __future__ import annotations

from typing import Any

from django import template

from campaign.imports.checking import LABELS

register = template.Library()


@register.inclusion_tag("campaign/_import_parts.html")
def import_parts(said: list[Any]) -> dict[str, Any]:
    """said: (key of the column, before, after) of each part that differs."""
    return {"parts": [(LABELS[key], before, after) for key, before, after in said]}
