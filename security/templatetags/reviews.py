from __future__ import annotations

from django import template

from security.models import ReviewItem
from security.selectors.reviews import in_words

register = template.Library()


@register.filter
def allows(item: ReviewItem) -> list[str]:
    """What the role of this item allows, in words."""
    return in_words(item)
