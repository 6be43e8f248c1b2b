"""Words about time and colour that several pages share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from campaign.rules import DONE, ZONE, days_late, days_left, last_day

LIGHT_WORDS = {
    "red": gettext_noop("Red"),
    "yellow": gettext_noop("Yellow"),
    "green": gettext_noop("Green"),
    "done": gettext_noop("Done"),
    "grey": gettext_noop("Not due yet"),
}
# The order in which a leader asks: what burns, what may burn, what runs, what is over, what comes.
LIGHT_ORDER = tuple(LIGHT_WORDS)
SOON_DAYS = 3
WEEKDAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
)


@dataclass(frozen=True)
class TimeWords:
    """``kind`` is the theme's class for it: late, soon or fine."""

    text: str
    kind: str


def due_words(deadline: datetime, at: datetime, *, warning_days: int = SOON_DAYS) -> TimeWords:
    """How far a deadline is from ``at``, in calendar days as everywhere else."""
    if at >= deadline:
        days = days_late(deadline, at)
        if days == 0:
            return TimeWords(_("late since today"), "late")
        return TimeWords(ngettext("%(n)s day late", "%(n)s days late", days) % {"n": days}, "late")
    days = days_left(deadline, at)
    if days == 0:
        return TimeWords(_("due today"), "soon")
    text = ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}
    return TimeWords(text, "soon" if days <= warning_days else "fine")


def change_words(change: int) -> str:
    """By how many more or fewer, with its sign; a true minus, as printed figures have."""
    if change == 0:
        return "±0"
    return f"+{change}" if change > 0 else f"−{abs(change)}"


def day_words(day: date) -> str:
    """ "Thursday 11/6"."""
    return f"{_(WEEKDAYS[day.weekday()])} {day.day}/{day.month}"


def next_friday(now: datetime) -> date:
    """A day on which a campaign may start: its weeks run from Friday to Thursday."""
    today = now.astimezone(ZONE).date()
    return today + timedelta(days=(4 - today.weekday()) % 7)


def short_day(deadline: datetime) -> str:
    """The last day in time, as people say it: 24/5."""
    last = last_day(deadline)
    return f"{last.day}/{last.month}"


def light_class(light: str, late_days: int = 0) -> str:
    """The theme's class of a light; a done task that came late shows it for ever."""
    return "done-late" if light == DONE and late_days else light


def light_word(light: str, late_days: int = 0) -> str:
    if light == DONE and late_days:
        return _("Done late")
    return _(LIGHT_WORDS[light]) if light else ""
