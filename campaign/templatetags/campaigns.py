"""The campaign of a page: its switch in the page head, and the banner of a closed one.

``{% load campaigns %} {% campaign_switch %}`` inside ``page-head``, ``{% campaign_banner %}`` below it.
"""

from __future__ import annotations

from typing import Any

from django import template

from campaign.selectors.choosing import choice_of

register = template.Library()


@register.inclusion_tag("campaign/_switch.html", takes_context=True)
def campaign_switch(context: dict[str, Any]) -> dict[str, Any]:
    """The campaigns that the reader may turn to; nothing where there is one."""
    request = context["request"]
    return {"request": request, "choice": choice_of(request), "csrf_token": context["csrf_token"]}


@register.inclusion_tag("campaign/_closed.html", takes_context=True)
def campaign_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Says since when the campaign is closed; nothing while it is open."""
    return {"campaign": choice_of(context["request"]).campaign}
