"""Which share of the stored files a night reads, and when all of them were read of late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from security.upkeep_rules import (
    ALL_SHARES,
    SHARES,
    SHARES_A_NIGHT,
    all_read,
    mask_of,
    share_of,
    shares_due,
    shares_read,
)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
NIGHT = timedelta(days=1)


def nights(count: int, *, missed: frozenset[int] = frozenset()) -> dict[int, datetime]:
    """What is read after so many nights of the job."""
    read: dict[int, datetime] = {}
    for night in range(count):
        now = NOW + night * NIGHT
        if night not in missed:
            read |= dict.fromkeys(shares_due(read, now=now), now)
    return read


def test_a_new_installation_reads_all_shares_within_ten_nights() -> None:
    assert not all_read(nights(9), now=NOW + 9 * NIGHT)
    assert all_read(nights(10), now=NOW + 10 * NIGHT)


@pytest.mark.parametrize("count", [40, 75, 200])
def test_it_stays_so_night_after_night(count: int) -> None:
    assert all_read(nights(count), now=NOW + count * NIGHT)


def test_missed_nights_are_made_up_for() -> None:
    missed = frozenset(range(60, 70))
    assert not all_read(nights(70, missed=missed), now=NOW + 70 * NIGHT)
    assert all_read(nights(90, missed=missed), now=NOW + 90 * NIGHT)


def test_a_night_reads_one_share_at_least_and_few_at_most() -> None:
    assert len(shares_due({}, now=NOW)) == SHARES_A_NIGHT
    assert shares_due(dict.fromkeys(ALL_SHARES, NOW), now=NOW) == [0]
    old = dict.fromkeys(ALL_SHARES, NOW - NIGHT) | {7: NOW - 30 * NIGHT}
    assert shares_due(old, now=NOW) == [7]


def test_a_share_read_32_days_ago_is_not_read_of_late() -> None:
    read = dict.fromkeys(ALL_SHARES, NOW)
    assert all_read(read, now=NOW)
    assert not all_read(read | {3: NOW - 32 * NIGHT}, now=NOW)
    del read[3]
    assert not all_read(read, now=NOW)


def test_the_newest_reading_of_a_share_counts() -> None:
    runs = [(NOW, mask_of([1, 2])), (NOW - NIGHT, mask_of([2, 3])), (NOW - NIGHT, 0)]
    assert shares_read(runs) == {1: NOW, 2: NOW, 3: NOW - NIGHT}


def test_shares_are_about_even_and_none_is_left_out() -> None:
    assert {share_of(f"{number:08x}" + "0" * 56) for number in range(90)} == set(range(SHARES))
