from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.letters import LIGHTS, WHY
from dashboard.models import Delivery

register = template.Library()


@register.simple_tag
def letter_state(letter: Delivery) -> SafeString:
    """The state of an e-mail: a light with its word, and what was in the way."""
    light = format_html(
        '<span class="light light-{}"><span>{}</span></span>',
        LIGHTS[Delivery.State(letter.state)],
        letter.get_state_display(),
    )
    if not letter.error:
        return light
    return format_html('{}<span class="sub">{}</span>', light, WHY.get(letter.error, letter.error))
