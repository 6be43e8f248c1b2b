"""From what a form, a file or a program brings to values that may be stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from records.codes import Codes, read_codes
from records.fields import Kind, RecordField
from records.models import Cadre, Member, Person
from records.problems import FieldProblem, as_field_problems, field_problem
from records.rules import (
    MembershipFacts,
    PartialDate,
    PartialDateError,
    RuleProblem,
    membership_problems,
    normalise_card_number,
    normalise_name,
    normalise_personal_id,
    normalise_profile_number,
    personal_id_problems,
    search_name,
    split_name,
)

Raw = Mapping[str, str | bool]
Clean = dict[str, str | bool]


def codes_for(fields: Iterable[RecordField], *, day: date) -> Codes:
    """The code lists that these fields choose from, with one query."""
    lists = {field.code_list for field in fields}
    return read_codes({*lists, "provinces_before_2025_07"}, day=day)


def clean_values(
    raw: Raw, fields: Iterable[RecordField], codes: Codes, before: Clean | None = None
) -> tuple[Clean, list[FieldProblem]]:
    """Values ready to store, and what is wrong with the others.

    before: values that stand already; a code that is no longer in force may stay as it is.
    """
    known = {field.key: field for field in fields}
    problems = [field_problem("no_such_field", key) for key in raw.keys() - known.keys()]
    clean: Clean = {}
    for key, field in known.items():
        if key not in raw:
            continue
        value = raw[key]
        if before is not None and before.get(key) == value:
            continue
        try:
            clean[key] = _clean_one(field, value, codes)
        except _Unfit as unfit:
            problems.append(field_problem(unfit.code, key))
    return clean, problems


def missing(values: Mapping[str, Any], fields: Iterable[RecordField]) -> list[FieldProblem]:
    return [
        field_problem("required", f.key) for f in fields if f.required and not values.get(f.key)
    ]


class _Unfit(Exception):
    def __init__(self, code: str) -> None:
        self.code = code


def _clean_one(field: RecordField, value: str | bool, codes: Codes) -> str | bool:  # noqa: FBT001
    if field.kind is Kind.FLAG:
        return bool(value)
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text:
        if field.required:
            raise _Unfit("required")
        return ""
    if field.kind is Kind.CODE and not codes.is_valid(field.code_list, text):
        raise _Unfit("unknown_code")
    text = _SHAPES.get(field.kind, str)(text)
    if field.max_length is not None and len(text) > field.max_length:
        raise _Unfit("too_long")
    return text


def _date(text: str) -> str:
    try:
        return PartialDate.parse(text).iso
    except PartialDateError:
        raise _Unfit("bad_date") from None


def _or_unfit(normalise: Callable[[str], str | None], code: str) -> Callable[[str], str]:
    def shape(text: str) -> str:
        number = normalise(text)
        if number is None:
            raise _Unfit(code)
        return number

    return shape


def _phone(text: str) -> str | None:
    digits = re.sub(r"[ .\-]", "", text)
    return digits if re.fullmatch(r"0[0-9]{9}", digits) else None


_SHAPES: dict[Kind, Callable[[str], str]] = {
    Kind.NAME: normalise_name,
    Kind.DATE: _date,
    Kind.PERSONAL_ID: _or_unfit(normalise_personal_id, "bad_personal_id"),
    Kind.PROFILE_NUMBER: _or_unfit(normalise_profile_number, "bad_profile_number"),
    Kind.CARD_NUMBER: _or_unfit(normalise_card_number, "bad_card_number"),
    Kind.PHONE: _or_unfit(_phone, "bad_phone"),
}


def name_columns(full_name: str) -> dict[str, str]:
    """What Person, Member and Cadre store of a name besides the name itself."""
    parts = split_name(full_name)
    return {
        "family_name": parts.family[:40],
        "middle_name": parts.middle[:80],
        "given_name": parts.given[:40],
        "search_name": search_name(full_name)[:170],
    }


def rule_problems(row: Member | Cadre, codes: Codes, *, today: date) -> list[RuleProblem]:
    """Errors and warnings of the row's facts taken together."""
    person = row.person
    problems = membership_problems(_facts(row, codes), today) if isinstance(row, Member) else []
    if person.personal_id:
        problems += personal_id_problems(
            person.personal_id,
            gender=person.gender,
            birth_year=int(person.birth_date[:4]) if person.birth_date else None,
            provinces=codes.by_list.get("provinces_before_2025_07", {}).keys(),
        )
    return problems


def refusals(row: Member | Cadre, codes: Codes, *, today: date) -> list[FieldProblem]:
    return as_field_problems(p for p in rule_problems(row, codes, today=today) if not p.warning)


def _facts(member: Member, codes: Codes) -> MembershipFacts:
    status = codes.item("membership_status", member.status)
    return MembershipFacts(
        status=member.status,
        birth=_read(member.person.birth_date),
        admission_decision=_read(member.admission_decision_date),
        joined=_read(member.joined_date),
        official=_read(member.official_date),
        left=_read(member.left_date),
        leaves=bool(status and status.extra.get("leaves")),
        card_number=member.card_number,
        personal_id=member.person.personal_id,
    )


def _read(text: str) -> PartialDate | None:
    return PartialDate.from_iso(text) if text else None


def split_by_register(values: Clean, fields: Iterable[RecordField]) -> tuple[Clean, Clean]:
    """(values of the person, values of the member or cadre)."""
    of_person = {field.key for field in fields if field.register is Person}
    return (
        {key: value for key, value in values.items() if key in of_person},
        {key: value for key, value in values.items() if key not in of_person},
    )
