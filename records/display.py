"""Stored values as people read them, field by field, with what one may not read left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from records.codes import Codes
from records.fields import GROUPS, Kind, RecordField, fields_of, readable_fields
from records.models import Cadre, Member, Person
from records.problems import sentence
from records.rules import PartialDate, party_age
from records.services.cleaning import rule_problems
from security.models import User

# Warnings beside one field that tell something of another.
DRAWS_ON = {"card_not_personal_id": "personal_id"}
PARTY_AGE_FROM = {"admission_decision_date", "official_date"}


@dataclass(frozen=True)
class ShownField:
    """One line of a detail page; a masked one has no value."""

    key: str
    label: str
    item: str
    value: str
    masked: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownGroup:
    key: str
    label: str
    fields: list[ShownField]


def shown_groups(
    user: User, row: Member | Cadre, codes: Codes, *, now: datetime
) -> list[ShownGroup]:
    """The row's fields, grouped as on the form; warnings of the rules beside their field."""
    fields = fields_of(type(row))
    readable = readable_fields(user, row, fields)
    warnings = _warnings(row, codes, readable, now=now)
    groups = []
    for key, label in GROUPS.items():
        shown = [
            _shown(field, row, codes, readable, warnings) for field in fields if field.group == key
        ]
        if shown:
            groups.append(ShownGroup(key, str(label), shown))
    return groups


def display_value(field: RecordField, value: str | bool, codes: Codes) -> str:  # noqa: FBT001
    """'08' → 'Mông', '1985-04' → '04/1985', True → 'Yes'; '' stays ''."""
    if field.kind is Kind.FLAG:
        return _("Yes") if value else _("No")
    if not value:
        return ""
    text = str(value)
    if field.kind is Kind.CODE:
        return codes.name(field.code_list, text)
    if field.kind is Kind.DATE:
        return display_date(text)
    return text


def display_date(iso: str) -> str:
    """'1975-04' → '04/1975'."""
    return PartialDate.from_iso(iso).display if iso else ""


def party_age_of(member: Member, *, now: datetime) -> int | None:
    """Full years in the Party, None on probation, after leaving, or where it is unknown."""
    if not member.admission_decision_date or not member.official_date or member.left_date:
        return None
    return party_age(
        PartialDate.from_iso(member.admission_decision_date),
        PartialDate.from_iso(member.official_date),
        timezone.localdate(now),
    )


def _shown(
    field: RecordField,
    row: Member | Cadre,
    codes: Codes,
    readable: set[str],
    warnings: dict[str, list[str]],
) -> ShownField:
    masked = field.key not in readable
    holder = row.person if field.register is Person else row
    value = "" if masked else display_value(field, getattr(holder, field.key), codes)
    noted = () if masked else tuple(warnings.get(field.key, ()))
    return ShownField(field.key, str(field.label), field.item, value, masked, noted)


def _warnings(
    row: Member | Cadre, codes: Codes, readable: set[str], *, now: datetime
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in rule_problems(row, codes, today=timezone.localdate(now)):
        if DRAWS_ON.get(problem.code, problem.field) not in readable:
            continue
        found.setdefault(problem.field, []).append(sentence(problem.code))
    return found
