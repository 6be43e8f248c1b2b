"""Pure decisions about giving roles. No Django, no database, no clock of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from security.rules import Reach

# From this secrecy level on (Mật) a role is a high one, whatever it may do.
HIGH_FROM_LEVEL = 2
# Whoever may do one of these could raise others, and be raised by them in return.
POWERS_OVER_ACCESS = frozenset({"security.manage_access", "security.approve_access"})
DELEGATION_DAYS = 60


def needs_second_person(*, role_is_high: bool, level: int, actions: Iterable[str]) -> bool:
    """Whether a role on these terms comes into force only when a second person has approved it.

    A role that can hand out roles is high even where somebody forgot to mark it so: otherwise an
    administrator raises a colleague, and the colleague raises him beyond what he was given.
    """
    return role_is_high or level >= HIGH_FROM_LEVEL or bool(POWERS_OVER_ACCESS & set(actions))


@dataclass(frozen=True)
class Span:
    """From–to and how far: what a role grant opens. ``ends=None``: until it is ended."""

    begins: datetime
    ends: datetime | None
    reach: Reach


def date_fault(span: Span, now: datetime) -> str:
    """Why these dates cannot be given at ``now``; empty if they can."""
    if span.begins < now:
        return "begins_in_past"
    if span.ends is not None and span.ends <= span.begins:
        return "ends_before_begin"
    return ""


# Two people may act at once, each by the clock of his own request.
SAME_MOMENT = timedelta(minutes=1)


def adds_nothing(span: Span, held: Iterable[Span]) -> bool:
    """Whether one of the grants held already gives all of this, for all of that time."""
    return any(
        one.begins <= span.begins + SAME_MOMENT
        and (one.ends is None or (span.ends is not None and span.ends <= one.ends))
        and one.reach.covers(span.reach)
        for one in held
    )


def delegation_fault(span: Span, origin: Span) -> str:
    """Why a role held on ``origin`` cannot be passed on as ``span``; empty if it can."""
    if span.ends is None:
        return "no_end"
    if span.ends - span.begins > timedelta(days=DELEGATION_DAYS):
        return "too_long"
    if origin.ends is not None and span.ends > origin.ends:
        return "outlives_origin"
    if not origin.reach.covers(span.reach):
        return "beyond_origin"
    return ""


def same_organisation(path: str, other: str) -> bool:
    """Whether two unit paths hang below the same root: '/1/7/' and '/1/9/4/' do."""
    return path.split("/")[1] == other.split("/")[1]


def state_of(
    *,
    begins: datetime,
    ends: datetime | None,
    origin_ends: datetime | None,
    origin_closed: bool,
    now: datetime,
) -> str:
    """``in_force``, ``future``, ``ended`` or ``origin_ended``: as RoleGrantQuerySet.in_force says.

    origin_*: of the grant that this one was passed on from; None and False without one.
    """
    if ends is not None and (ends <= now or ends <= begins):
        return "ended"
    if origin_closed or (origin_ends is not None and origin_ends <= now):
        return "origin_ended"
    return "future" if begins > now else "in_force"
