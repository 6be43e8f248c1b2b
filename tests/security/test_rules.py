from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.rules import Reach, minimal_reaches, path_range, within_ceiling

_paths = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda ids: "/" + "/".join(map(str, ids)) + "/"
)
_reaches = st.builds(Reach, path=_paths, level=st.integers(0, 3), sensitivity=st.integers(0, 2))


def reaches(found: list[Reach], row: Reach) -> bool:
    return any(reach.covers(row) for reach in found)


@given(st.lists(_reaches, max_size=8), _reaches)
def test_minimal_reaches_show_what_all_of_them_show(given_reaches: list[Reach], row: Reach) -> None:
    assert reaches(minimal_reaches(given_reaches), row) == reaches(given_reaches, row)


@given(st.lists(_reaches, max_size=8))
def test_minimal_reaches_hold_nothing_superfluous(given_reaches: list[Reach]) -> None:
    kept = minimal_reaches(given_reaches)
    assert set(kept) <= set(given_reaches)
    for reach in kept:
        assert not any(other.covers(reach) for other in kept if other != reach)
    assert len(kept) == len(set(kept))


@given(_paths, _paths)
def test_the_range_of_a_path_holds_exactly_what_lies_below(path: str, other: str) -> None:
    low, high = path_range(path)
    # Plain text comparison in Python is the C collation for these characters.
    assert (low <= other < high) == other.startswith(path)


@pytest.mark.parametrize(
    ("level", "ceiling", "fits"),
    [
        (0, 0, True),
        (1, 0, False),
        (1, 1, True),
        (2, 1, False),
        (3, 3, True),
        (4, 9, False),
        (-1, 3, False),
    ],
)
def test_the_ceiling_and_level_four(level: int, ceiling: int, fits: bool) -> None:
    assert within_ceiling(level, ceiling) is fits
