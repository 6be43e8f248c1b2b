"""Ways from one instant of the board to another: the Thursdays of the campaign, and back to now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from campaign.rules import ZONE
from dashboard.words import day_words

THURSDAY = 3
BRIEFING_HOUR = time(8)  # the board as the briefing of that day opened it
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Moment:
    words: str
    at: str  # as ``?at=`` takes it


def thursdays_around(
    at: datetime, *, first: date, last: date, now: datetime
) -> tuple[Moment | None, Moment | None]:
    """The briefing hours of the Thursdays before and after ``at`` within the campaign.

    None where there is none; the one after must not lie in the future.
    """
    day = at.astimezone(ZONE).date()
    thursday = day - timedelta(days=(day.weekday() - THURSDAY) % 7)
    before = thursday if _hour(thursday) < at else thursday - WEEK
    after = before + WEEK
    if before > last:  # long after the campaign: back to its last Thursday
        before = last - timedelta(days=(last.weekday() - THURSDAY) % 7)
    if _hour(after) == at:
        after += WEEK
    fitting = [
        one if first <= one <= last and _hour(one) < now else None for one in (before, after)
    ]
    earlier, later = (_moment(one) if one else None for one in fitting)
    return earlier, later


def _hour(day: date) -> datetime:
    return datetime.combine(day, BRIEFING_HOUR, tzinfo=ZONE)


def _moment(day: date) -> Moment:
    return Moment(day_words(day), f"{_hour(day):%Y-%m-%dT%H:%M}")
