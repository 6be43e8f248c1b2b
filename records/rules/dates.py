"""Dates as old papers give them: a day, a month, or only a year. A day is never invented."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_WRITTEN = re.compile(r"(?:(?:([0-9]{1,2})[/.\-])?([0-9]{1,2})[/.\-])?([0-9]{4})")
_FIRST_YEAR, _LAST_YEAR = 1000, 2999


class PartialDateError(ValueError):
    """Not a date in one of the three accepted forms, or a day that does not exist."""


@dataclass(frozen=True)
class PartialDate:
    """A year, perhaps with a month, perhaps with a day. Stored as ISO text: 1975, 1975-04, …"""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if not _FIRST_YEAR <= self.year <= _LAST_YEAR:
            raise PartialDateError(f"year {self.year}")
        if self.month is None:
            if self.day is not None:
                raise PartialDateError("a day without a month")
            return
        if not 1 <= self.month <= 12:
            raise PartialDateError(f"month {self.month}")
        if self.day is not None and not 1 <= self.day <= monthrange(self.year, self.month)[1]:
            raise PartialDateError(f"day {self.day}")

    @classmethod
    def from_iso(cls, text: str) -> PartialDate:
        """'1975', '1975-04' or '1975-04-30'; anything else raises PartialDateError."""
        found = _ISO.fullmatch(text)
        if not found:
            raise PartialDateError(text)
        return cls(*(int(part) for part in found.groups() if part is not None))

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """What a person writes: dd/mm/yyyy, mm/yyyy or yyyy ('.' and '-' too), or ISO text."""
        text = text.strip()
        if _ISO.fullmatch(text):
            return cls.from_iso(text)
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise PartialDateError(text)
        day, month, year = (int(part) if part else None for part in found.groups())
        return cls(year or 0, month, day)

    @property
    def iso(self) -> str:
        parts = [f"{self.year:04}"]
        parts += [f"{part:02}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    @property
    def display(self) -> str:
        """As Vietnamese papers write it: 30/04/1975, 04/1975, 1975."""
        return "/".join(reversed(self.iso.split("-")))

    @property
    def earliest(self) -> date:
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])

    def may_precede(self, other: PartialDate) -> bool:
        """Whether some reading of both dates puts this one strictly before the other."""
        return self.earliest < other.latest


def plus_months(day: date, months: int) -> date:
    """The same day some months later; the last day of a shorter month where it lacks that day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def full_years(since: date, today: date) -> int:
    """Completed years between two days; 0 when ``since`` lies ahead."""
    years = today.year - since.year - ((today.month, today.day) < (since.month, since.day))
    return max(years, 0)


def party_age(
    admission: PartialDate | None, official: PartialDate | None, today: date
) -> int | None:
    """Full years since the admission decision, counted only once official (HD 12-HD/BTCTW).

    A partial date counts from its latest reading: never more years than are certain. None while
    on probation or when the admission date is unknown.
    """
    if admission is None or official is None:
        return None
    return full_years(admission.latest, today)
