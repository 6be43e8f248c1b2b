"""What the registers refuse or warn about, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.rules import RuleProblem
from security.services import Problem


@dataclass(frozen=True)
class FieldProblem(Problem):
    """A reason for a refusal that belongs to one field of a form ('' = to the whole)."""

    field: str = ""


SENTENCES = {
    "required": gettext_lazy("This field is required."),
    "too_long": gettext_lazy("This text is too long."),
    "bad_date": gettext_lazy("Write a date as dd/mm/yyyy, mm/yyyy or yyyy."),
    "unknown_code": gettext_lazy("This code is not on the list."),
    "bad_personal_id": gettext_lazy("A personal identity number has 12 digits."),
    "bad_profile_number": gettext_lazy("A profile number has six digits and one to four letters."),
    "bad_card_number": gettext_lazy("A card number is NN.NNNNNN or has 12 digits."),
    "bad_phone": gettext_lazy("A mobile number has ten digits and begins with 0."),
    "no_such_field": gettext_lazy("There is no such field."),
    "hidden_field": gettext_lazy("You may not change a field that you may not read."),
    "already_used": gettext_lazy("This number is already in the register."),
    "stale": gettext_lazy(
        "Somebody else changed this record meanwhile. Look at it again before you save."
    ),
    "reason_missing": gettext_lazy("Say why this is changed."),
    "basis_missing": gettext_lazy("Name the document on which the change is based."),
    "joined_before_decision": gettext_lazy("Joined before the admission decision."),
    "official_not_after_joined": gettext_lazy("The official date must be after joining."),
    "official_not_12_months": gettext_lazy("The official date is not 12 months after joining."),
    "left_before_joined": gettext_lazy("Left before joining."),
    "in_the_future": gettext_lazy("This date lies in the future."),
    "joined_before_birth": gettext_lazy("Joined before being born."),
    "younger_than_18": gettext_lazy("Younger than 18 when joining."),
    "older_than_60": gettext_lazy("Older than 60 when joining."),
    "probationary_with_official_date": gettext_lazy(
        "A probationary member has no official date yet."
    ),
    "probationary_with_card": gettext_lazy("A probationary member has no card yet."),
    "left_date_missing": gettext_lazy("This status needs the date of leaving."),
    "left_date_but_active": gettext_lazy("A date of leaving does not go with this status."),
    "card_not_personal_id": gettext_lazy(
        "A card number of 12 digits usually equals the personal identity number."
    ),
    "personal_id_gender": gettext_lazy("Digit 4 of the identity number says another gender."),
    "personal_id_century": gettext_lazy("Digit 4 of the identity number says another century."),
    "personal_id_birth_year": gettext_lazy(
        "Digits 5-6 of the identity number say another year of birth."
    ),
    "personal_id_province": gettext_lazy("Digits 1-3 of the identity number name no province."),
    "dates_out_of_order": gettext_lazy("These dates are out of order."),
}

# Constraints that a race can still hit after the checks, and the field each is about.
_CONSTRAINTS = {
    "person_personal_id_once": ("already_used", "personal_id"),
    "member_profile_number_once": ("already_used", "profile_number"),
    "member_active_card_once": ("already_used", "card_number"),
    # Somebody renamed the person between reading and writing.
    "records_member_name_fk": ("stale", ""),
    "records_cadre_name_fk": ("stale", ""),
    "records_member_person_id_key": ("already_used", ""),
    "records_cadre_person_id_key": ("already_used", ""),
    "cadre_reappointed_later": ("dates_out_of_order", "reappointed_date"),
    "cadre_leaves_later": ("dates_out_of_order", "left_date"),
}


def sentence(code: str) -> str:
    return str(SENTENCES[code])


def field_problem(code: str, field: str = "") -> FieldProblem:
    return FieldProblem(code, sentence(code), field)


def as_field_problems(problems: Iterable[RuleProblem]) -> list[FieldProblem]:
    return [field_problem(problem.code, problem.field) for problem in problems]


def problem_of(error: IntegrityError) -> FieldProblem:
    """The sentence for a violated constraint; re-raises an error that nobody foresaw."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", "") or ""
    if name not in _CONSTRAINTS:
        raise error
    return field_problem(*_CONSTRAINTS[name])


def row_problem(row: int, problem: Problem) -> FieldProblem:
    """The same problem, saying which row of a batch it is about (from 1)."""
    field = getattr(problem, "field", "")
    message = _("Row %(row)d, %(field)s: %(message)s") % {
        "row": row,
        "field": field or "–",
        "message": problem.message,
    }
    return FieldProblem(problem.code, message, field)
