"""On every page: the warning of an open emergency access; on pages of rows: who can see this."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone

from security.actions import LABELS
from security.alarms import sealing_is_late
from security.explain import may_explain_shown
from security.models import Protected, User
from security.places import STATE_ACTIONS
from security.scope import may, scopes_of

register = template.Library()
# Pages that say how sealing goes anyway.
TOLD_THERE = frozenset({"security:trail", "installation_state"})


@register.inclusion_tag("security/_emergency_bar.html", takes_context=True)
def emergency_bar(context: Context) -> dict[str, Any]:
    """What this user has opened by breaking the glass, with the button that ends it.

    No query of its own: the page has asked for the user's scopes anyway.
    """
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return {"open": []}
    opened = {scope.grant_id: scope for scope in scopes_of(user) if scope.is_emergency}
    rows = [
        {
            "pk": scope.grant_id,
            "unit": scope.unit_name,
            "until": scope.until,
            "called": ", ".join(str(LABELS.get(action, action)) for action in scope.actions),
        }
        for scope in opened.values()
    ]
    return {"open": rows, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("security/_alarm_bar.html", takes_context=True)
def alarm_bar(context: Context) -> dict[str, Any]:
    """That the trail is sealed late, to whoever can do something about it and is not told already
    by the page itself."""
    request = context.get("request")
    user, match = getattr(request, "user", None), getattr(request, "resolver_match", None)
    if not isinstance(user, User) or not any(may(user, action) for action in STATE_ACTIONS):
        return {"late": False}
    told = match is not None and match.view_name in TOLD_THERE
    return {"late": not told and sealing_is_late(now=timezone.now())}


@register.inclusion_tag("security/_explain_link.html", takes_context=True)
def explain_link(context: Context, row: Protected) -> dict[str, Any]:
    """The link to who can see this row, for whoever may ask; nothing for anybody else."""
    user = context["request"].user
    if not may_explain_shown(user, row):
        return {"url": ""}
    return {"url": reverse("security:who", args=[row._meta.label_lower, row.pk])}


@register.filter
def action_label(action: str) -> str:
    """The action in words, as the matrix of roles calls it."""
    return str(LABELS.get(action, action))


@register.filter
def kind_label(row: Protected) -> str:
    """app_label.model, as addresses name a kind of row."""
    return row._meta.label_lower
