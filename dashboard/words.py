"""Words about time and colour that several pages share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from campaign.rules import ZONE, days_late, days_left

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
    """A count against a week ago, with its sign; a true minus, as printed figures have."""
    if change == 0:
        return _("as last week")
    sign = "+" if change > 0 else "−"
    return _("%(change)s on last week") % {"change": f"{sign}{abs(change)}"}


def day_words(day: date) -> str:
    """ "Thursday 11/6"."""
    return f"{_(WEEKDAYS[day.weekday()])} {day.day}/{day.month}"


def local_day(instant: datetime) -> date:
    """The calendar day of an instant where the campaign runs."""
    return instant.astimezone(ZONE).date()
