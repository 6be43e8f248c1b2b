"""Rules of exports: who may go alone, what follows what, when it is over. No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitization import export_rules as rules
from digitization.export_rules import Size

NOW = datetime(2026, 6, 9, 8, 0, tzinfo=UTC)
numbers = st.integers(min_value=0, max_value=5000)


@pytest.mark.parametrize(
    ("size", "alone"),
    [
        (Size(50, 1), True),
        (Size(51, 1), False),
        (Size(1, 1, 49), True),
        (Size(1, 1, 50), False),
        (Size(50, 0), True),
        (Size(1, 2), False),
        (Size(1, 3), False),
    ],
)
def test_fifty_pages_a_day_up_to_level_one_go_alone(size: Size, alone: bool) -> None:
    assert rules.may_go_alone(size, alone_at_most=50) is alone


@given(pages=st.lists(st.integers(min_value=1, max_value=200), max_size=40), limit=numbers)
def test_no_way_of_cutting_takes_more_out_alone_than_the_limit(
    pages: list[int], limit: int
) -> None:
    taken = 0
    for some in pages:
        if rules.may_go_alone(Size(some, 1, taken), alone_at_most=limit):
            taken += some
    assert taken <= limit


@given(pages=numbers, level=st.integers(min_value=0, max_value=3), before=numbers, limit=numbers)
def test_less_is_never_harder(pages: int, level: int, before: int, limit: int) -> None:
    if rules.may_go_alone(Size(pages, level, before), alone_at_most=limit):
        assert rules.may_go_alone(Size(max(0, pages - 1), level, before), alone_at_most=limit)
        assert rules.may_go_alone(Size(pages, max(0, level - 1), before), alone_at_most=limit)
        assert rules.may_go_alone(Size(pages, level, before), alone_at_most=limit + 1)


@pytest.mark.parametrize(
    ("pages", "codes"),
    [(0, ["nothing_to_export"]), (1, []), (2000, []), (2001, ["export_too_large"])],
)
def test_how_many_pages_there_can_be(pages: int, codes: list[str]) -> None:
    assert rules.size_problems(Size(pages, 1), at_most=2000) == codes


def test_every_state_has_its_followers_and_ends_have_none() -> None:
    assert set(rules.NEXT) == set(rules.STATES)
    assert {one for some in rules.NEXT.values() for one in some} <= set(rules.STATES)
    ends = {state for state, some in rules.NEXT.items() if not some}
    assert ends == set(rules.STATES) - rules.LIVING
    for state in rules.LIVING:
        assert rules.may_follow(state, rules.WITHDRAWN), state
        assert rules.may_follow(state, rules.CANCELLED), state


def test_nothing_is_made_that_nobody_agreed_to() -> None:
    assert [state for state in rules.STATES if rules.may_follow(state, rules.RUNNING)] == [
        rules.APPROVED
    ]
    assert [state for state in rules.STATES if rules.may_follow(state, rules.READY)] == [
        rules.RUNNING
    ]


def test_a_result_is_over_on_its_minute_and_a_request_after_a_week() -> None:
    def over(state: str, now: datetime) -> bool:
        return rules.is_over(state, now=now, asked_at=NOW, expires_at=NOW + timedelta(hours=24))

    moment = timedelta(microseconds=1)
    assert not over(rules.READY, NOW + timedelta(hours=24) - moment)
    assert over(rules.READY, NOW + timedelta(hours=24))
    assert not over(rules.ASKED, NOW + timedelta(days=7) - moment)
    assert over(rules.ASKED, NOW + timedelta(days=7))
    assert not over(rules.RUNNING, NOW + timedelta(days=99))


def test_a_lost_worker_gives_it_back_until_the_attempts_are_used_up() -> None:
    assert [rules.after_lost_worker(left) for left in (2, 1, 0)] == ["approved"] * 2 + ["failed"]


def test_numbers_are_read_from_paper_and_do_not_meet() -> None:
    made = {rules.new_number(date(2026, 11, 22)) for _ in range(2000)}
    assert len(made) > 1990
    assert all(one.startswith("XT-261122-") and len(one) == 16 for one in made)
    assert not {letter for one in made for letter in one[10:]} & set("01OIL")


def test_every_page_says_who_when_which_export_and_which_page() -> None:
    lines = rules.lines_of_page(
        who="Lê Thử (thu)", when="08:00 09/06/2026", number="XT-1", place=(3, 7), marks=("NỘI BỘ", "")
    )  # fmt: skip
    assert lines == ["NỘI BỘ", "Lê Thử (thu)", "08:00 09/06/2026", "XT-1 · trang 3/7"]
    plain = rules.lines_of_page(who="a", when="b", number="c", place=(1, 1), marks=("", ""))
    assert plain == ["a", "b", "c · trang 1/1"]
