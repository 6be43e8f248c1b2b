from typing import Any

from django import template
from django.utils import timezone

from security.seals.state import seal_state

register = template.Library()


@register.inclusion_tag("security/_seals.html")
def seal_notice() -> dict[str, Any]:
    """When the trail was last sealed, and a warning where that is late."""
    return {"state": seal_state(now=timezone.now())}
