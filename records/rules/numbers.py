"""Personal identity number, profile number, card number: shapes and cross-checks.

Shapes: form 2-HSĐV, items H6, H7 and 19. The identity number has no check digit, so a mismatch
with sex, birth year or province is a warning, never a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from records.rules.problems import RuleProblem

PERSONAL_ID = r"^[0-9]{12}$"
PROFILE_NUMBER = r"^[0-9]{6}[A-ZĐ]{1,4}$"
CARD_NUMBER = r"^([0-9]{2}[.][0-9]{6}|[0-9]{12})$"
MALE, FEMALE = "1", "2"  # codes of the list "gender"


def normalise_personal_id(text: str) -> str | None:
    """Twelve digits without blanks; None when it is no personal identity number."""
    number = _without_blanks(text)
    return number if re.fullmatch(PERSONAL_ID[1:-1], number, re.ASCII) else None


def normalise_profile_number(text: str) -> str | None:
    """'123456 tha' → '123456THA' (six digits, one to four letters); None when malformed."""
    number = _without_blanks(text).upper()
    return number if re.fullmatch(PROFILE_NUMBER[1:-1], number, re.ASCII) else None


def normalise_card_number(text: str) -> str | None:
    """The old series as NN.NNNNNN (serial from 000001), the new one as 12 digits; None else."""
    number = _without_blanks(text)
    if re.fullmatch(r"[0-9]{12}", number):
        return number
    old = re.fullmatch(r"([0-9]{2})\.?([0-9]{6})", number)
    if old and old[2] != "000000":
        return f"{old[1]}.{old[2]}"
    return None


def personal_id_problems(
    number: str,
    *,
    gender: str = "",
    birth_year: int | None = None,
    provinces: Collection[str] = (),
) -> list[RuleProblem]:
    """Warnings where digits 1-6 disagree with what else is known; [] when all agrees.

    number: twelve digits. gender: code '1' male, '2' female, '' unknown. provinces: two-digit
    codes that existed before 07/2025, empty to skip that check.
    """
    return list(_disagreements(number, gender, birth_year, provinces))


def _disagreements(
    number: str, gender: str, birth_year: int | None, provinces: Collection[str]
) -> Iterator[RuleProblem]:
    century, is_female = divmod(int(number[3]), 2)
    if gender and gender != (FEMALE if is_female else MALE):
        yield RuleProblem("personal_id_gender", "personal_id", warning=True)
    if birth_year is not None:
        if birth_year // 100 != 19 + century:
            yield RuleProblem("personal_id_century", "personal_id", warning=True)
        elif birth_year % 100 != int(number[4:6]):
            yield RuleProblem("personal_id_birth_year", "personal_id", warning=True)
    # Codes of places abroad do not begin with 0 and are not on the list.
    if provinces and number[0] == "0" and number[1:3] not in provinces:
        yield RuleProblem("personal_id_province", "personal_id", warning=True)


def _without_blanks(text: str) -> str:
    return "".join(text.split())
