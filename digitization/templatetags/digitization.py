from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def at(table: Mapping[str, str] | None, key: str) -> str:
    """The entry of a mapping under a key that is itself a value."""
    return (table or {}).get(key, "")


@register.filter
def time_left(until: datetime, now: datetime) -> str:
    """Whole hours up to a moment, or minutes below one: "23 hours left"."""
    minutes = max(0, int((until - now).total_seconds() // 60))
    if minutes >= 60:
        return ngettext("%d hour left", "%d hours left", minutes // 60) % (minutes // 60)
    return ngettext("%d minute left", "%d minutes left", minutes) % minutes
