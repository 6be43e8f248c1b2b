"""By which way a notice goes, and when an e-mail may leave. Pure: no database, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OFF, INBOX, DIGEST, AT_ONCE = "off", "inbox", "digest", "at_once"
WITHOUT_MAIL = frozenset({OFF, INBOX})

# At once only for what needs somebody today (pilot plan V.4: owner, responsible leader, unit head).
USUAL_WAY = {
    "turned_red": AT_ONCE,
    "lagging": AT_ONCE,
    "turned_yellow": DIGEST,
    "turned_better": INBOX,
    "mentioned": DIGEST,
    "given": AT_ONCE,
    "decided": DIGEST,
    "to_decide": DIGEST,
}
# A red light reaches its people whatever they chose: the inbox at least.
NEVER_OFF = frozenset({"turned_red", "given"})
# What is told at once goes in at most one letter per person and span, however much turned.
SPAN = timedelta(minutes=15)
# A letter that certainly did not leave is tried again after these waits, then given up.
WAITS = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)),
    *(timedelta(hours=1), timedelta(hours=3)),
)
# Nobody is helped by a letter about the day before yesterday; the inbox has it all.
TOO_OLD = timedelta(days=2)
# A claim older than this was left by a process that died; clocks may differ by ten minutes.
CLAIM_DEAD_AFTER = timedelta(minutes=20)
# A run of sending leaves the rest to the next one, long before its claims could pass for dead.
RUN_ENDS_AFTER = timedelta(minutes=5)
# What was found later than this after it happened is old news: it waits for the digest.
STALE_AFTER = timedelta(hours=12)


@dataclass(frozen=True)
class Hours:
    """When one person wants e-mail. The quiet hours may pass midnight; equal ends mean none."""

    digest_at: time = time(7)
    quiet_from: time = time(21)
    quiet_until: time = time(6, 30)


def chosen_way(kind: str, chosen: dict[str, str]) -> str:
    """The way that somebody wants for this kind: his own, or the usual one."""
    way = chosen.get(kind, USUAL_WAY[kind])
    return INBOX if way == OFF and kind in NEVER_OFF else way


def way_of(kind: str, chosen: dict[str, str], *, due_at: datetime, now: datetime) -> str:
    """The way of a notice of this kind for somebody who chose so."""
    way = chosen_way(kind, chosen)
    if way == AT_ONCE and now - due_at > STALE_AFTER:
        way = DIGEST
    return way


def is_quiet(at: datetime, hours: Hours) -> bool:
    clock = at.astimezone(ZONE).time()
    if hours.quiet_from <= hours.quiet_until:
        return hours.quiet_from <= clock < hours.quiet_until
    return clock >= hours.quiet_from or clock < hours.quiet_until


def quiet_end(at: datetime, hours: Hours) -> datetime:
    """The end of the quiet hours that ``at`` lies in."""
    local = at.astimezone(ZONE)
    end = datetime.combine(local.date(), hours.quiet_until, tzinfo=ZONE)
    return end if end > local else end + timedelta(days=1)


def leaves_at(now: datetime, hours: Hours) -> datetime:
    """The first instant from ``now`` on that is not quiet."""
    return quiet_end(now, hours) if is_quiet(now, hours) else now


def digest_time(now: datetime, hours: Hours) -> datetime:
    """The next time of the digest from ``now`` on; never within the quiet hours."""
    local = now.astimezone(ZONE)
    at = datetime.combine(local.date(), hours.digest_at, tzinfo=ZONE)
    return leaves_at(at if at >= local else at + timedelta(days=1), hours)


def span_of(at: datetime) -> datetime:
    """The beginning of the span in which a letter that may leave at ``at`` collects its notices."""
    local = at.astimezone(ZONE)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // SPAN * SPAN


def next_span(at: datetime) -> datetime:
    """The beginning of the span after that of ``at``."""
    return span_of(at) + SPAN


def next_try(attempts: int, now: datetime, hours: Hours) -> datetime | None:
    """When a letter that failed so many times may be tried again; None: never."""
    if attempts > len(WAITS):
        return None
    return leaves_at(now + WAITS[attempts - 1], hours)


def day_after(at: datetime) -> datetime:
    """The same time of the next day."""
    return at + timedelta(days=1)
