"""The light of a task: facts, thresholds and an instant in; colour, reasons and next change out.

Pure: no database, no clock of its own. The rules are those of the plan (sections II.2, VI and X)
as docs/huong-dan explains them; thresholds come from ``Policy``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MICROSECOND = timedelta(microseconds=1)

RED, YELLOW, GREEN, GREY, DONE = "red", "yellow", "green", "grey", "done"
WORST_FIRST = (RED, YELLOW, GREEN, GREY, DONE)

# Colour that each reason gives.
COLOURS = {
    "overdue": RED,
    "submitted_late": RED,
    "remedy_overdue": RED,
    "ticket_overdue": RED,
    "awaiting_acceptance": YELLOW,
    "due_soon": YELLOW,
    "behind": YELLOW,
    "ticket_open": YELLOW,
    "remedy_running": YELLOW,
    "remedy_unfinished": YELLOW,
    "on_track": GREEN,
    "not_started": GREY,
    "done": DONE,
    "done_late": DONE,
}


@dataclass(frozen=True)
class Policy:
    warning_days: int = 3
    behind_points: int = 20


@dataclass(frozen=True)
class ProductFacts:
    """Where one product stands.

    deadline: instant at which its time is over. waiting_since: hand-in of the newest submission,
    if that is not graded yet. grade: of the newest graded submission, which was handed in at
    ``graded_from``; B and C carry ``remediate_until``.
    """

    name: str
    deadline: datetime
    waiting_since: datetime | None = None
    grade: str = ""
    graded_from: datetime | None = None
    remediate_until: datetime | None = None

    @property
    def final(self) -> bool:
        """Only an A closes a product; after B or C another round follows."""
        return self.grade == "A"

    @property
    def handed_in(self) -> bool:
        return self.waiting_since is not None or bool(self.grade)


@dataclass(frozen=True)
class TicketFacts:
    """An open obstacle ticket and its own due time."""

    number: str
    due: datetime | None = None


@dataclass(frozen=True)
class TaskFacts:
    """What is known of an active task. ``start``: first instant of its first day."""

    start: datetime
    deadline: datetime
    progress: int = 0
    products: tuple[ProductFacts, ...] = ()
    tickets: tuple[TicketFacts, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One machine-readable cause of a light; ``campaign.reasons`` puts it into words.

    days: overdue, or left. until: the deadline or due time spoken of. percent, planned: progress
    reported and progress of the straight line.
    """

    code: str
    products: tuple[str, ...] = ()
    days: int = 0
    until: datetime | None = None
    percent: int = 0
    planned: int = 0
    grade: str = ""
    ticket: str = ""

    @property
    def light(self) -> str:
        return COLOURS[self.code]


@dataclass(frozen=True)
class Verdict:
    """next_change_at: the first later instant with another light if no fact is added; or None.

    late_days: days by which a done task's latest product was handed in after its deadline.
    """

    light: str
    reasons: tuple[Reason, ...]
    next_change_at: datetime | None
    late_days: int = 0


def end_of(day: date, *, before: bool) -> datetime:
    """The instant at which a deadline is over.

    "Trước X" (``before``) ends when X begins; a plain date or a checkpoint ends with that day.
    """
    return datetime.combine(day if before else day + timedelta(days=1), time(), tzinfo=ZONE)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZONE)


def last_day(deadline: datetime) -> date:
    """The last day that is still in time."""
    return (deadline - MICROSECOND).astimezone(ZONE).date()


def days_late(deadline: datetime, at: datetime) -> int:
    """Calendar days from the last day in time to the day of ``at``; 0 while in time."""
    if at < deadline:
        return 0
    return (at.astimezone(ZONE).date() - last_day(deadline)).days


def days_left(deadline: datetime, at: datetime) -> int:
    """Calendar days to the last day in time; 0 on that day."""
    return max(0, (last_day(deadline) - at.astimezone(ZONE).date()).days)


def planned_percent(start: datetime, deadline: datetime, at: datetime) -> int:
    """Progress of the straight line from start to deadline, whole points, 0 to 100."""
    if deadline <= start:
        return 100 if at >= deadline else 0
    elapsed = min(max(at - start, timedelta()), deadline - start)
    return elapsed * 100 // (deadline - start)


def presses_at(verdict: Verdict) -> datetime | None:
    """The earliest date spoken of by the reasons that gave the light: what presses most."""
    dates = [r.until for r in verdict.reasons if r.light == verdict.light and r.until is not None]
    return min(dates, default=None)


def worst(lights: Iterable[str]) -> str:
    """The worst of some lights; "" of none. Green before grey only to have an order."""
    found = set(lights)
    return next((light for light in WORST_FIRST if light in found), "")


def task_light(facts: TaskFacts, policy: Policy, now: datetime) -> Verdict:
    """The light of an active task at ``now``, why, and when it will change by itself."""
    reasons = _reasons(facts, policy, now)
    light = worst(reason.light for reason in reasons)
    late = max((reason.days for reason in reasons if light == DONE), default=0)
    return Verdict(light, reasons, _next_change(facts, policy, now, light), late)


def _next_change(facts: TaskFacts, policy: Policy, now: datetime, light: str) -> datetime | None:
    if light == DONE:
        return None
    for instant in sorted(_instants(facts, policy)):
        if instant > now:
            there = _reasons(facts, policy, instant)
            if worst(reason.light for reason in there) != light:
                return instant
    return None


def _instants(facts: TaskFacts, policy: Policy) -> Iterator[datetime]:
    """Every instant at which a comparison of ``_reasons`` may turn."""
    yield facts.start
    falls_behind = _falls_behind(facts, policy)
    if falls_behind is not None:
        yield falls_behind
    for product in facts.products:
        yield product.deadline
        yield product.deadline - timedelta(days=policy.warning_days)
        if product.remediate_until is not None:
            yield product.remediate_until
    for ticket in facts.tickets:
        if ticket.due is not None:
            yield ticket.due


def _falls_behind(facts: TaskFacts, policy: Policy) -> datetime | None:
    """First instant at which progress is more than the allowed points behind the straight line."""
    allowed = facts.progress + policy.behind_points
    if allowed >= 100 or facts.deadline <= facts.start:
        return None
    return facts.start + (facts.deadline - facts.start) * allowed // 100 + MICROSECOND


def _reasons(facts: TaskFacts, policy: Policy, now: datetime) -> tuple[Reason, ...]:
    """All reasons, worst first; alike ones of several products as one."""
    if facts.products and all(product.final for product in facts.products):
        return (_done(facts.products),)
    found = [r for p in facts.products if (r := _product_reason(facts, p, policy, now))]
    found += [_ticket_reason(ticket, now) for ticket in facts.tickets]
    if not any(reason.code == "overdue" for reason in found):  # says it already, and louder
        found += _progress_reasons(facts, policy, now)
    if not found:
        found = [_quiet(facts, now)]
    return tuple(sorted(_merged(found), key=_rank))


def _rank(reason: Reason) -> tuple[int, int]:
    return WORST_FIRST.index(reason.light), -reason.days if reason.light == RED else 0


def _done(products: tuple[ProductFacts, ...]) -> Reason:
    late = max(days_late(p.deadline, p.graded_from or p.deadline - MICROSECOND) for p in products)
    return Reason("done_late", days=late) if late else Reason("done")


def _quiet(facts: TaskFacts, now: datetime) -> Reason:
    touched = facts.progress > 0 or any(product.handed_in for product in facts.products)
    if now < facts.start and not touched:
        return Reason("not_started", until=facts.start)
    return Reason("on_track", until=facts.deadline, percent=facts.progress)


def _product_reason(
    facts: TaskFacts, product: ProductFacts, policy: Policy, now: datetime
) -> Reason | None:
    names = (product.name,)
    if product.final:
        return None
    if product.grade:
        return _remedy_reason(product, now)
    late = days_late(product.deadline, now)
    if product.waiting_since is not None:
        if now < product.deadline:
            return None
        in_time = product.waiting_since < product.deadline
        code = "awaiting_acceptance" if in_time else "submitted_late"
        return Reason(code, names, late, product.deadline)
    if now >= product.deadline:
        return Reason("overdue", names, late, product.deadline)
    warning = product.deadline - timedelta(days=policy.warning_days)
    if now >= max(warning, facts.start):
        return Reason("due_soon", names, days_left(product.deadline, now), product.deadline)
    return None


def _remedy_reason(product: ProductFacts, now: datetime) -> Reason:
    """B or C: yellow while the remedies run; C past its date is red unless handed in by then."""
    until = product.remediate_until
    if until is None:  # the database refuses this; say what is missing rather than fail
        return Reason("remedy_running", (product.name,), grade=product.grade)
    again = product.waiting_since is not None and product.waiting_since < until
    code = "remedy_running"
    if now >= until and not again:
        code = "remedy_overdue" if product.grade == "C" else "remedy_unfinished"
    return Reason(code, (product.name,), days_late(until, now), until, grade=product.grade)


def _ticket_reason(ticket: TicketFacts, now: datetime) -> Reason:
    if ticket.due is not None and now >= ticket.due:
        return Reason(
            "ticket_overdue", (), days_late(ticket.due, now), ticket.due, ticket=ticket.number
        )
    return Reason("ticket_open", until=ticket.due, ticket=ticket.number)


def _progress_reasons(facts: TaskFacts, policy: Policy, now: datetime) -> list[Reason]:
    """Behind the straight line; no longer asked once everything has been handed in."""
    if facts.products and all(product.handed_in for product in facts.products):
        return []
    since = _falls_behind(facts, policy)
    if since is None or now < since:
        return []
    planned = planned_percent(facts.start, facts.deadline, now)
    return [Reason("behind", until=facts.deadline, percent=facts.progress, planned=planned)]


def _merged(reasons: list[Reason]) -> list[Reason]:
    """One reason for products that share cause and date."""
    together: dict[Reason, tuple[str, ...]] = {}
    for reason in reasons:
        bare = replace(reason, products=())
        together[bare] = (*together.get(bare, ()), *reason.products)
    return [replace(bare, products=names) for bare, names in together.items()]
