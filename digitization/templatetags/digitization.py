from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def at(table: Mapping[str, str] | None, key: str) -> str:
    """The entry of a mapping under a key that is itself a value."""
    return (table or {}).get(key, "")
