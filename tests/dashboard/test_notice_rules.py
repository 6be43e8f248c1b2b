"""By which way and when: pure rules."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.models import NoticeKind
from dashboard.notices.rules import (
    AT_ONCE,
    DIGEST,
    INBOX,
    OFF,
    USUAL_WAY,
    ZONE,
    Hours,
    digest_time,
    is_quiet,
    leaves_at,
    way_of,
)

NOW = datetime(2026, 6, 9, 8, tzinfo=ZONE)
clocks = st.times().map(lambda one: one.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001
    lambda one: one.replace(tzinfo=ZONE)
)


def test_every_kind_has_its_usual_way() -> None:
    assert set(USUAL_WAY) == set(NoticeKind.values)


@pytest.mark.parametrize(
    ("kind", "chosen", "late", "way"),
    [
        ("turned_red", {}, 0, AT_ONCE),
        ("turned_red", {"turned_red": OFF}, 0, INBOX),
        ("turned_red", {}, 13, DIGEST),
        ("turned_yellow", {}, 0, DIGEST),
        ("turned_yellow", {"turned_yellow": OFF}, 0, OFF),
        ("mentioned", {"mentioned": AT_ONCE}, 11, AT_ONCE),
        ("mentioned", {"turned_red": OFF}, 0, DIGEST),
    ],
)
def test_the_way_of_a_notice(kind: str, chosen: dict[str, str], late: int, way: str) -> None:
    due = NOW - timedelta(hours=late)
    assert way_of(kind, chosen, due_at=due, now=NOW) == way


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [(time(20, 59), False), (time(21), True), (time(0), True), (time(6, 29), True),
     (time(6, 30), False), (time(12), False)],
)  # fmt: skip
def test_quiet_hours_pass_midnight(clock: time, quiet: bool) -> None:
    assert is_quiet(datetime.combine(NOW.date(), clock, tzinfo=ZONE), Hours()) is quiet


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert not is_quiet(NOW, Hours(quiet_from=time(8), quiet_until=time(8)))


@given(moments, clocks, clocks)
def test_nothing_leaves_in_quiet_hours_nor_is_it_lost(
    now: datetime, begin: time, end: time
) -> None:
    hours = Hours(quiet_from=begin, quiet_until=end)
    at = leaves_at(now, hours)
    assert not is_quiet(at, hours)
    assert now <= at <= now + timedelta(days=1)


@given(moments, clocks, clocks, clocks)
def test_a_digest_comes_within_two_days_and_never_in_quiet_hours(
    now: datetime, digest: time, begin: time, end: time
) -> None:
    hours = Hours(digest, begin, end)
    at = digest_time(now, hours)
    assert now <= at <= now + timedelta(days=2)
    assert not is_quiet(at, hours)
