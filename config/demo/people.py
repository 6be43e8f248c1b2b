"""Fictional people with believable Vietnamese names, dates and numbers; pure and seeded.

Identity numbers have the documented shape (3-digit place, century and sex, birth year, serial)
with the place 900, which no province and no country bears, so that none is a living person's.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

PARTS: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("data").joinpath("names.yaml").read_text(encoding="utf-8")
)
COMMUNES: list[str] = PARTS["communes"]
PROVINCES: list[str] = PARTS["provinces"]
PLACE = "900"


@dataclass(frozen=True)
class Fictional:
    """One invented person; ``official`` is None while on probation."""

    name: str
    sex: str  # male or female
    born: date
    hometown: str
    people: str
    faith: str
    identity_number: str
    joined: date
    official: date | None
    card: str
    education: str


def dice(seed: str) -> Random:
    """A generator that repeats itself; nothing secret is drawn from it."""
    return Random(seed)  # noqa: S311  # nosec B311


def weighted(rng: Random, part: str) -> str:
    """One value of a named table of [value, weight]."""
    table = PARTS[part]
    chosen: str = rng.choices([value for value, _ in table], [weight for _, weight in table])[0]
    return chosen


def full_name(rng: Random, sex: str, family: str = "") -> str:
    """Family (any, unless given), middle and given name of one sex."""
    family = family or weighted(rng, "families")
    middle = rng.choice(PARTS["middles"][sex])
    given = rng.choice([name for name in PARTS["given"][sex] if name != middle])
    return f"{family} {middle} {given}"


def a_day(rng: Random, first: date, last: date) -> date:
    """A day between two others, both included."""
    return first + timedelta(days=rng.randint(0, (last - first).days))


def years_after(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th."""
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + years)


class Invented:
    """Invents people one after another and never repeats a number within one run."""

    def __init__(self, seed: str) -> None:
        self.rng = dice(seed)
        self._serials: set[str] = set()

    def _serial(self, prefix: str) -> str:
        while True:
            number = f"{prefix}{self.rng.randint(1, 999_999):06d}"
            if number not in self._serials:
                self._serials.add(number)
                return number

    def identity_number(self, sex: str, born: date) -> str:
        century = {(19, "male"): 0, (19, "female"): 1, (20, "male"): 2, (20, "female"): 3}
        return self._serial(f"{PLACE}{century[born.year // 100, sex]}{born.year % 100:02d}")

    def person(self, *, today: date, youngest: int = 22, oldest: int = 84) -> Fictional:
        """A member: admitted at 18 or later, official a year after, the last year on probation."""
        rng = self.rng
        sex = rng.choices(("male", "female"), (58, 42))[0]
        age = int(rng.triangular(youngest, oldest, 47))
        born = a_day(rng, date(today.year - age - 1, 1, 1), date(today.year - age - 1, 12, 28))
        joined = self._joining_day(born, today)
        official = years_after(joined, 1)
        return Fictional(
            name=full_name(rng, sex),
            sex=sex,
            born=born,
            hometown=f"xã {rng.choice(COMMUNES)}, tỉnh {rng.choice(PROVINCES)}",
            people=weighted(rng, "peoples"),
            faith=weighted(rng, "faiths"),
            identity_number=self.identity_number(sex, born),
            joined=joined,
            official=official if official <= today else None,
            card=self.card(),
            education=f"{weighted(rng, 'grades')} {rng.choice(PARTS['studies'])}",
        )

    def _joining_day(self, born: date, today: date) -> date:
        age = int(self.rng.triangular(19, 45, 25))
        first = years_after(born, age)
        latest = today - timedelta(days=20)
        return min(a_day(self.rng, first, first + timedelta(days=364)), latest)

    def card(self) -> str:
        """Old series of card numbers: two digits, a dot, six digits."""
        number = self._serial("47")
        return f"{number[:2]}.{number[2:]}"
