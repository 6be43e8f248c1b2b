from __future__ import annotations

import re

from django import template
from django.utils.translation import gettext as _

from security import reasons, story
from security.models import AuditEvent, Role, Unit
from security.reading_rules import Sign

register = template.Library()

# As security.scope.allowed_by writes them; an unknown form is shown as it is.
ROLE = re.compile(r"role (\S+) on unit (\d+) \(grant \d+\)")
EMERGENCY = re.compile(r"emergency access \d+(?: on unit (\d+))?")
UNIT = re.compile(r"on unit (\d+)")


@register.filter
def in_words(action: str) -> str:
    """``page.corrected`` → "page corrected" in the reader's language."""
    return story.event_in_words(action)


@register.filter
def note_in_words(reason: str) -> str:
    """``3 pages`` → "3 pages" in the reader's language; what a person typed as it is."""
    return reasons.said(reason)


@register.filter
def kind_in_words(label: str) -> str:
    """``campaign.task`` → "Task" in the reader's language."""
    return story.kind_in_words(label)


@register.filter
def sign_in_words(sign: Sign) -> str:
    """What stands out, with its figure."""
    return story.sign_in_words(sign)


@register.simple_tag
def names_of_reasons(events: list[AuditEvent]) -> dict[str, dict[str, str]]:
    """Roles and units by what these rows call them: two queries for a page."""
    found = (UNIT.search(event.allowed_by) for event in events)
    units = Unit.objects.filter(pk__in={int(one.group(1)) for one in found if one})
    return {
        "role": {role.code: str(role) for role in Role.objects.all()},
        "unit": {str(pk): name for pk, name in units.values_list("pk", "name")},
    }


@register.filter
def reason_in_words(reason: str, names: dict[str, dict[str, str]]) -> str:
    """What allowed it: "role keeper on unit 1 (grant 27)" → "Record keeper, Head office"."""
    if found := ROLE.fullmatch(reason):
        role, unit = found.groups()
        return f"{names['role'].get(role, role)}, {names['unit'].get(unit, unit)}"
    if found := EMERGENCY.fullmatch(reason):
        unit = found.group(1)
        return _("Emergency access") + (f", {names['unit'].get(unit, unit)}" if unit else "")
    return _("Opened for this person or unit") if reason == "object grant" else reason
