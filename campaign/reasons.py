"""Reasons of a light: to and from JSON, and into words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign.rules import ZONE, Reason, last_day


def to_json(reason: Reason) -> dict[str, Any]:
    """Only what is set; instants as ISO text."""
    filled = {key: value for key, value in vars(reason).items() if value}
    if reason.until is not None:
        filled["until"] = reason.until.isoformat()
    return filled


def from_json(stored: dict[str, Any]) -> Reason:
    until = parse_datetime(stored["until"]) if stored.get("until") else None
    products = tuple(stored.get("products", ()))
    return Reason(**{**stored, "until": until, "products": products})


def day(deadline: datetime | None) -> str:
    """The last day in time, as people say it: 24/5."""
    if deadline is None:
        return ""
    last = last_day(deadline)
    return f"{last.day}/{last.month}"


def text(reason: Reason) -> str:
    """One short sentence in the reader's language."""
    words: dict[str, Callable[[Reason], str]] = {
        "overdue": _overdue,
        "submitted_late": lambda r: _("handed in late, not accepted yet"),
        "remedy_overdue": lambda r: (
            _("graded C, remedies were due %(day)s") % {"day": day(r.until)}
        ),
        "ticket_overdue": lambda r: _("ticket %(ticket)s past its time") % {"ticket": r.ticket},
        "awaiting_acceptance": lambda r: _("handed in on time, waiting for acceptance"),
        "due_soon": _due_soon,
        "behind": lambda r: (
            _("progress %(percent)s%%, planned %(planned)s%%")
            % {"percent": r.percent, "planned": r.planned}
        ),
        "ticket_open": lambda r: _("open ticket %(ticket)s") % {"ticket": r.ticket},
        "remedy_running": lambda r: (
            _("graded %(grade)s, remedies due %(day)s") % {"grade": r.grade, "day": day(r.until)}
        ),
        "remedy_unfinished": lambda r: (
            _("graded B, remedies were due %(day)s") % {"day": day(r.until)}
        ),
        "on_track": lambda r: _("on track, due %(day)s") % {"day": day(r.until)},
        "not_started": lambda r: _("starts on %(day)s") % {"day": _begin(r.until)},
        "done": lambda r: _("all products accepted"),
        "done_late": lambda r: (
            ngettext("accepted, %(days)s day late", "accepted, %(days)s days late", r.days)
            % {"days": r.days}
        ),
    }
    said = words[reason.code](reason)
    named = [name for name in reason.products if "/" not in name]
    return f"{', '.join(named)}: {said}" if named else said


def _overdue(reason: Reason) -> str:
    return ngettext("%(days)s day late", "%(days)s days late", reason.days) % {"days": reason.days}


def _due_soon(reason: Reason) -> str:
    if reason.days == 0:
        return _("due today, not handed in yet")
    return ngettext(
        "%(days)s day left, not handed in yet",
        "%(days)s days left, not handed in yet",
        reason.days,
    ) % {"days": reason.days}


def _begin(start: datetime | None) -> str:
    if start is None:
        return ""
    local = start.astimezone(ZONE)
    return f"{local.day}/{local.month}"
