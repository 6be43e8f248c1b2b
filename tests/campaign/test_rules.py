"""The light of a task at its boundaries, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.rules import (
    COLOURS,
    MICROSECOND,
    WORST_FIRST,
    Policy,
    ProductFacts,
    Reason,
    TaskFacts,
    TicketFacts,
    days_late,
    days_left,
    end_of,
    last_day,
    planned_percent,
    start_of,
    task_light,
    worst,
)

POLICY = Policy()
START = start_of(date(2026, 5, 15))
END = end_of(date(2026, 5, 28), before=False)
MID = start_of(date(2026, 5, 20))
OPEN = ProductFacts("P", END)


def task(*products: ProductFacts, progress: int = 60, **fields: Any) -> TaskFacts:
    return replace(TaskFacts(START, END, progress, products or (OPEN,)), **fields)


def codes(facts: TaskFacts, now: datetime) -> list[str]:
    return [reason.code for reason in task_light(facts, POLICY, now).reasons]


# --- deadlines --------------------------------------------------------------------------


def test_before_a_day_ends_when_that_day_begins_and_a_plain_date_when_it_ends() -> None:
    assert end_of(date(2026, 5, 25), before=True).isoformat() == "2026-05-25T00:00:00+07:00"
    assert end_of(date(2026, 5, 25), before=False).isoformat() == "2026-05-26T00:00:00+07:00"
    assert last_day(end_of(date(2026, 5, 25), before=True)) == date(2026, 5, 24)
    assert last_day(end_of(date(2026, 6, 30), before=False)) == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("at", "late", "left"),
    [
        (END - MICROSECOND, 0, 0),
        (END, 1, 0),
        (END + timedelta(hours=23, minutes=59), 1, 0),
        (END + timedelta(days=1), 2, 0),
        (END - timedelta(days=1, microseconds=1), 0, 1),
        # The same instants told in UTC: the day is the campaign's, not the clock's.
        ((END + timedelta(hours=20)).astimezone(UTC), 1, 0),
    ],
)
def test_days_late_and_left_go_by_the_calendar(at: datetime, late: int, left: int) -> None:
    assert (days_late(END, at), days_left(END, at)) == (late, left)


def test_planned_percent_is_a_straight_line() -> None:
    assert planned_percent(START, END, START) == 0
    assert planned_percent(START, END, START + (END - START) / 2) == 50
    assert planned_percent(START, END, END + timedelta(days=9)) == 100
    assert planned_percent(START, START, START) == 100


# --- colours at their boundaries --------------------------------------------------------


def test_grey_before_the_start_unless_something_was_done() -> None:
    before = START - MICROSECOND
    assert task_light(task(progress=0), POLICY, before).light == "grey"
    assert task_light(task(progress=0), POLICY, before).next_change_at == START
    assert task_light(task(progress=5), POLICY, before).light == "green"
    assert task_light(task(progress=0), POLICY, START).light == "green"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (END - timedelta(days=3) - MICROSECOND, ["on_track"]),
        (END - timedelta(days=3), ["due_soon"]),
        (END - MICROSECOND, ["due_soon"]),
        (END, ["overdue"]),
    ],
)
def test_deadline_boundaries(now: datetime, expected: list[str]) -> None:
    assert codes(task(progress=100), now) == expected


def test_overdue_says_by_how_many_days_and_which_products() -> None:
    second = ProductFacts("Q", END)
    reason = task_light(task(OPEN, second), POLICY, END + timedelta(days=2)).reasons[0]
    assert (reason.code, reason.days, reason.products) == ("overdue", 3, ("P", "Q"))


def test_behind_by_more_than_twenty_points_is_yellow() -> None:
    edge = START + (END - START) * 60 // 100
    facts = task(progress=40)
    assert task_light(facts, POLICY, edge).light == "green"
    verdict = task_light(facts, POLICY, edge + MICROSECOND)
    assert verdict.light == "yellow"
    assert verdict.reasons == (Reason("behind", until=END, percent=40, planned=60),)


def test_handed_in_work_is_not_behind() -> None:
    handed = replace(OPEN, waiting_since=MID)
    assert codes(task(handed, progress=0), END - MICROSECOND) == ["on_track"]


def test_waiting_for_acceptance_past_the_deadline_is_yellow_only_if_handed_in_in_time() -> None:
    in_time = replace(OPEN, waiting_since=END - MICROSECOND)
    late = replace(OPEN, waiting_since=END)
    assert codes(task(in_time), END) == ["awaiting_acceptance"]
    assert codes(task(late), END) == ["submitted_late"]
    assert task_light(task(late), POLICY, END).light == "red"


@pytest.mark.parametrize(
    ("grade", "again", "past", "code"),
    [
        ("B", None, False, "remedy_running"),
        ("C", None, False, "remedy_running"),
        ("B", None, True, "remedy_unfinished"),
        ("C", None, True, "remedy_overdue"),
        ("C", -MICROSECOND, True, "remedy_running"),
        ("C", timedelta(), True, "remedy_overdue"),
    ],
)
def test_remedies(grade: str, again: timedelta | None, past: bool, code: str) -> None:
    until = END + timedelta(days=5)
    product = ProductFacts(
        "P",
        END,
        waiting_since=None if again is None else until + again,
        grade=grade,
        graded_from=MID,
        remediate_until=until,
    )
    now = until if past else until - MICROSECOND
    assert codes(task(product), now) == [code]
    assert task_light(task(product), POLICY, now).light == COLOURS[code]


def test_a_task_is_red_if_one_of_its_products_is() -> None:
    early = ProductFacts("S3", end_of(date(2026, 5, 25), before=True))
    now = start_of(date(2026, 5, 25))
    assert task_light(task(OPEN, early, progress=100), POLICY, now - MICROSECOND).light == "yellow"
    verdict = task_light(task(OPEN, early, progress=100), POLICY, now)
    assert verdict.light == "red"
    assert verdict.reasons[0] == Reason("overdue", ("S3",), 1, early.deadline)


def test_a_product_with_a_later_date_of_its_own_waits_for_it() -> None:
    accepted = replace(OPEN, grade="A", graded_from=MID)
    later = ProductFacts("S7b", END + timedelta(days=10))
    assert task_light(task(accepted, later, progress=100), POLICY, END).light == "green"


def test_tickets() -> None:
    due = START + timedelta(days=2)
    facts = task(tickets=(TicketFacts("PV-2026-0012", due),))
    assert codes(facts, due - MICROSECOND) == ["ticket_open"]
    assert codes(facts, due) == ["ticket_overdue"]
    assert task_light(facts, POLICY, due).light == "red"


def test_done_keeps_by_how_many_days_it_was_late() -> None:
    in_time = replace(OPEN, grade="A", graded_from=END - MICROSECOND)
    late = replace(OPEN, grade="A", graded_from=END + timedelta(days=1))
    assert task_light(task(in_time), POLICY, END).late_days == 0
    verdict = task_light(task(in_time, late), POLICY, END + timedelta(days=30))
    assert (verdict.light, verdict.late_days, verdict.next_change_at) == ("done", 2, None)


def test_thresholds_come_from_the_policy() -> None:
    strict = Policy(warning_days=7, behind_points=5)
    now = END - timedelta(days=7)
    assert task_light(task(progress=60), POLICY, now).light == "green"
    assert task_light(task(progress=60), strict, now).light == "yellow"


# --- properties -------------------------------------------------------------------------

instants = st.integers(-20 * 24 * 60, 40 * 24 * 60).map(lambda m: START + timedelta(minutes=m))
products = st.builds(
    ProductFacts,
    name=st.sampled_from(["P", "Q", "S1"]),
    deadline=instants,
    waiting_since=st.none() | instants,
    grade=st.sampled_from(["", "A", "B", "C"]),
    graded_from=instants,
    remediate_until=instants,
)
tickets = st.builds(TicketFacts, number=st.just("PV-2026-0001"), due=st.none() | instants)
facts_of_any_task = st.builds(
    TaskFacts,
    start=st.just(START),
    deadline=instants,
    progress=st.integers(0, 100),
    products=st.lists(products, max_size=3).map(tuple),
    tickets=st.lists(tickets, max_size=1).map(tuple),
)
policies = st.builds(Policy, warning_days=st.integers(0, 10), behind_points=st.integers(0, 100))


@given(facts_of_any_task, policies, instants, st.floats(0, 1))
def test_the_light_stays_until_next_change_and_then_changes(
    facts: TaskFacts, policy: Policy, now: datetime, share: float
) -> None:
    verdict = task_light(facts, policy, now)
    until = verdict.next_change_at or now + timedelta(days=400)
    assert until > now
    between = now + (until - now) * share
    if between < until:
        assert task_light(facts, policy, between).light == verdict.light
    assert task_light(facts, policy, until - MICROSECOND).light == verdict.light
    if verdict.next_change_at is not None:
        assert task_light(facts, policy, until).light != verdict.light


@given(facts_of_any_task, policies, instants)
def test_the_light_is_the_worst_reason(facts: TaskFacts, policy: Policy, now: datetime) -> None:
    verdict = task_light(facts, policy, now)
    assert verdict.reasons
    assert verdict.light == worst(reason.light for reason in verdict.reasons)
    assert verdict.reasons[0].light == verdict.light
    assert (verdict.late_days > 0) <= (verdict.light == "done")


@given(facts_of_any_task, policies, instants, instants)
def test_time_alone_never_makes_it_better(
    facts: TaskFacts, policy: Policy, one: datetime, other: datetime
) -> None:
    rank = {"red": 0, "yellow": 1, "green": 2, "grey": 2, "done": 3}
    earlier, later = sorted((one, other))
    assert (
        rank[task_light(facts, policy, later).light]
        <= rank[task_light(facts, policy, earlier).light]
    )


@given(facts_of_any_task, policies, instants, st.integers(0, 100))
def test_more_progress_never_makes_it_worse(
    facts: TaskFacts, policy: Policy, now: datetime, progress: int
) -> None:
    rank = {light: place for place, light in enumerate(["red", "yellow", "grey", "green", "done"])}
    low, high = sorted((facts.progress, progress))
    less = task_light(replace(facts, progress=low), policy, now).light
    more = task_light(replace(facts, progress=high), policy, now).light
    assert rank[less] <= rank[more]


def test_worst_of_none_is_nothing() -> None:
    assert worst([]) == ""
    assert worst(reversed(WORST_FIRST)) == "red"
