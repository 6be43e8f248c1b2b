from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from security.models import Protected
from security.selectors.classified import basis_of, may_classify

register = template.Library()


@register.inclusion_tag("security/_level_line.html", takes_context=True)
def level_line(context: Context, row: Protected) -> dict[str, Any]:
    """The row's secrecy level, on what it rests, and the way to decide it anew."""
    return {
        "row": row,
        "label": row._meta.label_lower,
        "rests_on": basis_of(row),
        "may_classify": may_classify(context["request"].user, row),
    }
