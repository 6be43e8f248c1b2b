"""Pure decisions on exports of pages: who decides, what may follow what, when it ends.

No Django, no clock, no database.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ALONE_WITHIN = timedelta(hours=24)  # pages taken alone in this time count together
UNDECIDED_FOR = timedelta(days=7)  # a request that nobody decides ends by itself
ATTEMPTS = 3
LEASE = timedelta(seconds=120)
ALONE_UP_TO_LEVEL = 1
# No 0/O, 1/I/L: the number is read from paper and typed into the search of the trail.
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

ASKED, APPROVED, RUNNING, READY = "asked", "approved", "running", "ready"
REFUSED, FAILED, EXPIRED = "refused", "failed", "expired"
WITHDRAWN, CANCELLED = "withdrawn", "cancelled"
STATES = (ASKED, APPROVED, RUNNING, READY, REFUSED, FAILED, EXPIRED, WITHDRAWN, CANCELLED)

# State → what may follow it. Nothing follows an end; a failed one can be tried again.
NEXT: dict[str, frozenset[str]] = {
    ASKED: frozenset({APPROVED, REFUSED, CANCELLED, WITHDRAWN, EXPIRED}),
    APPROVED: frozenset({RUNNING, CANCELLED, WITHDRAWN, FAILED}),
    RUNNING: frozenset({READY, FAILED, APPROVED, CANCELLED, WITHDRAWN}),
    READY: frozenset({EXPIRED, WITHDRAWN, CANCELLED}),
    FAILED: frozenset({APPROVED, CANCELLED, WITHDRAWN}),
    REFUSED: frozenset(),
    EXPIRED: frozenset(),
    WITHDRAWN: frozenset(),
    CANCELLED: frozenset(),
}
MOVING = frozenset({APPROVED, RUNNING})  # a worker has it or will take it
NOTHING_LEFT = frozenset({REFUSED, CANCELLED, WITHDRAWN})  # unless it was downloaded before
LIVING = frozenset({ASKED, APPROVED, RUNNING, READY, FAILED})  # ends if the asker loses access


def may_follow(state: str, wanted: str) -> bool:
    return wanted in NEXT[state]


@dataclass(frozen=True)
class Size:
    """What one request would take out, and what its asker took alone in the last 24 hours."""

    pages: int
    level: int
    alone_before: int = 0


def may_go_alone(size: Size, *, alone_at_most: int) -> bool:
    """Whether no second person is needed. Pages of a day count together, so that a large export
    cannot be cut into small ones; Mật and above never leaves on one person's word."""
    together = size.pages + size.alone_before
    return size.level <= ALONE_UP_TO_LEVEL and together <= alone_at_most


def size_problems(size: Size, *, at_most: int) -> list[str]:
    """Codes of what keeps a request from being made."""
    if size.pages < 1:
        return ["nothing_to_export"]
    return ["export_too_large"] if size.pages > at_most else []


def after_lost_worker(attempts_left: int) -> str:
    """State of an export whose worker fell silent."""
    return APPROVED if attempts_left > 0 else FAILED


def new_number(day: date) -> str:
    """``XT-261122-7K3M9Q``: made from the day and chance, so that no restored backup gives a
    number a second time that already stands on somebody's paper."""
    mark = "".join(secrets.choice(LETTERS) for _ in range(6))
    return f"XT-{day:%y%m%d}-{mark}"


def is_over(state: str, *, now: datetime, asked_at: datetime, expires_at: datetime | None) -> bool:
    """Whether time has ended it: a result kept long enough, a request nobody decided."""
    if state == READY:
        return expires_at is not None and expires_at <= now
    return state == ASKED and asked_at + UNDECIDED_FOR <= now


def lines_of_page(
    *, who: str, when: str, number: str, place: tuple[int, int], marks: tuple[str, ...] = ()
) -> list[str]:
    """What is burned into one page: marks (level, invented data), who and when, number and place."""
    said = " · ".join(mark for mark in marks if mark)
    return [*([said] if said else []), who, when, f"{number} · trang {place[0]}/{place[1]}"]
