from django import template

from security import story
from security.reading_rules import Sign

register = template.Library()


@register.filter
def in_words(action: str) -> str:
    """``page.corrected`` → "page corrected" in the reader's language."""
    return story.event_in_words(action)


@register.filter
def kind_in_words(label: str) -> str:
    """``campaign.task`` → "Task" in the reader's language."""
    return story.kind_in_words(label)


@register.filter
def sign_in_words(sign: Sign) -> str:
    """What stands out, with its figure."""
    return story.sign_in_words(sign)
