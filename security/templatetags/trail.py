from __future__ import annotations

import re

from django import template
from django.utils.translation import gettext as _

from security.actions import EVENTS, LABELS, OBJECTS
from security.kinds import kind_called
from security.models import AuditEvent, Role, Unit

register = template.Library()

# As security.scope.allowed_by writes them; an unknown form is shown as it is.
ROLE = re.compile(r"role (\S+) on unit (\d+) \(grant \d+\)")
EMERGENCY = re.compile(r"emergency access \d+(?: on unit (\d+))?")
UNIT = re.compile(r"on unit (\d+)")


@register.filter
def in_words(action: str) -> str:
    """``page.corrected`` → "page corrected"; a denial names what the reader was not allowed."""
    return str(EVENTS.get(action) or LABELS.get(action) or action)


@register.filter
def thing_in_words(label: str) -> str:
    """``records.member`` → "Member's record"; a table without a name is shown as it is."""
    kind = kind_called(label)
    return str(kind.kind_name if kind and kind.kind_name else OBJECTS.get(label, label))


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
