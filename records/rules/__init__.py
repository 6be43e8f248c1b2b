"""Pure rules of the registers: names, dates, numbers. No Django, no database, no clock."""

from records.rules.dates import PartialDate, PartialDateError, party_age, plus_months
from records.rules.membership import MembershipFacts, membership_problems
from records.rules.names import (
    NameParts,
    normalise_name,
    search_name,
    split_name,
    tone_spellings,
)
from records.rules.numbers import (
    normalise_card_number,
    normalise_personal_id,
    normalise_profile_number,
    personal_id_problems,
)
from records.rules.problems import RuleProblem

__all__ = [
    "MembershipFacts",
    "NameParts",
    "PartialDate",
    "PartialDateError",
    "RuleProblem",
    "membership_problems",
    "normalise_card_number",
    "normalise_name",
    "normalise_personal_id",
    "normalise_profile_number",
    "party_age",
    "personal_id_problems",
    "plus_months",
    "search_name",
    "split_name",
    "tone_spellings",
]
