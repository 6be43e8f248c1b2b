"""From the reason of a light to what a leader asks next: what is waited for, and since when."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from campaign.reasons import day
from campaign.rules import RED, YELLOW, Reason
from campaign.selectors.lines import WAITING_FOR_A_GRADE
from dashboard.words import SOON_DAYS, TimeWords, due_words, short_day

IN_REMEDY = frozenset({"remedy_overdue", "remedy_running", "remedy_unfinished"})


def next_step(reasons: tuple[Reason, ...], *, asked_day: date | None = None) -> str:
    """What ``TaskLine.waits_for`` has to do: answer whoever asks for another date (asked_day),
    else the gravest reason; reasons come worst first."""
    if asked_day is not None:
        return _("decide on the new date asked for: %(day)s") % {
            "day": f"{asked_day.day}/{asked_day.month}"
        }
    if not reasons:
        return ""
    first = reasons[0]
    if first.code in WAITING_FOR_A_GRADE:
        return _("grade %(what)s") % {"what": _what(first)}
    return _owners_step(first)


def _owners_step(reason: Reason) -> str:
    what = _what(reason)
    if reason.code in IN_REMEDY:
        return _("remedy and hand in %(what)s again") % {"what": what}
    if reason.code == "overdue":
        return _("hand in %(what)s or ask for another date") % {"what": what}
    if reason.code == "due_soon":
        return _("hand in %(what)s by %(day)s") % {"what": what, "day": day(reason.until)}
    if reason.code == "behind":
        return _("catch up or say what holds it up")
    if reason.code in {"ticket_open", "ticket_overdue"}:
        return _("resolve ticket %(ticket)s") % {"ticket": reason.ticket}
    return ""


def _what(reason: Reason) -> str:
    """The products' numbers on the checklist; plain words where they have none."""
    named = [name for name in reason.products if "/" not in name]
    return ", ".join(named) or _("the product")


def clock_of(reasons: tuple[Reason, ...], deadline: datetime) -> datetime:
    """The instant that presses: that of the gravest reason, not always the task's own deadline."""
    for light in (RED, YELLOW):
        instants = [r.until for r in reasons if r.light == light and r.until]
        if instants:
            return min(instants)
    return deadline


def clock_words(
    reasons: tuple[Reason, ...],
    deadline: datetime | None,
    at: datetime,
    warning_days: int = SOON_DAYS,
) -> TimeWords | None:
    """That instant in words: late only where the rules say so.

    What was handed in on time and waits for its grade has passed its day without being late.
    """
    if deadline is None:
        return None
    until = clock_of(reasons, deadline)
    red = any(reason.light == RED for reason in reasons)
    if at >= until and not red:
        return TimeWords(_("was due %(day)s") % {"day": short_day(until)}, "soon")
    return due_words(until, at, warning_days=warning_days)
