"""Template words of the registers."""

from __future__ import annotations

from django import template

from records.display import display_date

register = template.Library()


@register.filter
def partial_date(iso: str) -> str:
    """'1975-04' → '04/1975'; '' stays ''."""
    return display_date(iso)


@register.filter
def named(names: dict[str, str], code: str) -> str:
    """The name of a code; the bare code where the list no longer has it."""
    return names.get(code, code)
