from django import template

from security.actions import EVENTS

register = template.Library()


@register.filter
def in_words(action: str) -> str:
    """``page.corrected`` → "page corrected" in the reader's language."""
    return str(EVENTS.get(action, action))
