from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext

from security.places import ACCESS, ACCOUNT, offered

register = template.Library()


@register.inclusion_tag("components/_tabs.html", takes_context=True)
def access_tabs(context: Context) -> dict[str, Any]:
    """The sub-navigation of the access area, for this reader."""
    return _tabs(context, ACCESS, gettext("Access"))


@register.inclusion_tag("components/_tabs.html", takes_context=True)
def account_tabs(context: Context) -> dict[str, Any]:
    """The sub-navigation of one's own account."""
    return _tabs(context, ACCOUNT, gettext("My account"))


def _tabs(context: Context, places: Any, label: str) -> dict[str, Any]:
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    entries = [
        {
            "url": reverse(place.url_name),
            "label": gettext(place.label),
            "count": place.count(request.user) if place.count else 0,
            "alarm": place.alarm() if place.alarm else False,
            "here": place.holds(here),
            "apart": place.begins and number > 0,
        }
        for number, place in enumerate(offered(places, request.user))
    ]
    return {"entries": entries, "label": label}
