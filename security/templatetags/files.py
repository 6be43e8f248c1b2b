"""On pages that show pictures: their short-lived addresses, and the reader's mark over them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from security import links, watermark
from security.models import Protected

register = template.Library()


@register.simple_tag(takes_context=True)
def file_link(context: Context, view_name: str, row: Protected) -> str:
    """``<img src="{% file_link "digitization:page_image" page %}">``: for the screen, not to keep."""
    return links.address(context["request"], view_name, row)


@register.inclusion_tag("security/_watermark.html")
def watermark_over(lines: list[str]) -> dict[str, Any]:
    """The overlay; what stands in it is what ``watermark.burn`` would burn in."""
    return {"lines": lines, "width": watermark.tile_width(lines)}
