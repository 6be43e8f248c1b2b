from datetime import datetime, timedelta

from django import template
from django.utils import formats, timezone

register = template.Library()


@register.filter
def until(moment: datetime) -> str:
    """The end of something, as people say it: midnight is the end of the day before.

    2026-12-01 00:00 → "30/11/2026"; any other time is named: "17:06, 22/11/2026".
    """
    local = timezone.localtime(moment)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return formats.date_format(local - timedelta(days=1), "d/m/Y")
    return formats.date_format(local, "H:i, d/m/Y")
