"""What the dates and numbers of one membership must satisfy together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from records.rules.dates import PartialDate, full_years, plus_months
from records.rules.problems import RuleProblem

PROBATIONARY = "du_bi"
PROBATION_MONTHS = 12
YOUNGEST, OLDEST = 18, 60  # full years at admission


@dataclass(frozen=True)
class MembershipFacts:
    """Facts of one membership; None or '' where unknown."""

    status: str = ""
    birth: PartialDate | None = None
    admission_decision: PartialDate | None = None
    joined: PartialDate | None = None
    official: PartialDate | None = None
    left: PartialDate | None = None
    leaves: bool = False  # whether the status means that he is no longer in this register
    card_number: str = ""
    personal_id: str = ""


def membership_problems(facts: MembershipFacts, today: date) -> list[RuleProblem]:
    """Errors and warnings; [] when all agrees. Partial dates only count where they are certain.

    Sources: form 2-HSĐV, items 4 and 12 and its common rules (HD 12-HD/BTCTW of 2022).
    """
    return [*_order(facts), *_future(facts, today), *_age(facts), *_state(facts), *_card(facts)]


def _order(facts: MembershipFacts) -> Iterator[RuleProblem]:
    decided, joined, official = facts.admission_decision, facts.joined, facts.official
    if decided and joined and joined.latest < decided.earliest:
        yield RuleProblem("joined_before_decision", "joined_date")
    if joined and official and not joined.may_precede(official):
        yield RuleProblem("official_not_after_joined", "official_date")
    elif joined and official and _is_off_by_probation(joined, official):
        yield RuleProblem("official_not_12_months", "official_date", warning=True)
    if joined and facts.left and facts.left.latest < joined.earliest:
        yield RuleProblem("left_before_joined", "left_date")


def _is_off_by_probation(joined: PartialDate, official: PartialDate) -> bool:
    first = plus_months(joined.earliest, PROBATION_MONTHS)
    last = plus_months(joined.latest, PROBATION_MONTHS)
    return official.latest < first or official.earliest > last


def _future(facts: MembershipFacts, today: date) -> Iterator[RuleProblem]:
    dated = {
        "birth_date": facts.birth,
        "admission_decision_date": facts.admission_decision,
        "joined_date": facts.joined,
        "official_date": facts.official,
        "left_date": facts.left,
    }
    for field, value in dated.items():
        if value and value.earliest > today:
            yield RuleProblem("in_the_future", field)


def _age(facts: MembershipFacts) -> Iterator[RuleProblem]:
    if not (facts.birth and facts.joined):
        return
    if facts.joined.latest <= facts.birth.earliest:
        yield RuleProblem("joined_before_birth", "joined_date")
    elif full_years(facts.birth.earliest, facts.joined.latest) < YOUNGEST:
        yield RuleProblem("younger_than_18", "joined_date", warning=True)
    elif full_years(facts.birth.latest, facts.joined.earliest) > OLDEST:
        yield RuleProblem("older_than_60", "joined_date", warning=True)


def _state(facts: MembershipFacts) -> Iterator[RuleProblem]:
    if facts.status == PROBATIONARY and facts.official:
        yield RuleProblem("probationary_with_official_date", "official_date")
    if facts.leaves and not facts.left:
        yield RuleProblem("left_date_missing", "left_date")
    if facts.left and not facts.leaves:
        yield RuleProblem("left_date_but_active", "left_date")


def _card(facts: MembershipFacts) -> Iterator[RuleProblem]:
    if facts.status == PROBATIONARY and facts.card_number:
        yield RuleProblem("probationary_with_card", "card_number")
    if len(facts.card_number) == 12 and facts.personal_id not in ("", facts.card_number):
        yield RuleProblem("card_not_personal_id", "card_number", warning=True)
