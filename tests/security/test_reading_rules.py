"""When reading is unusual: at the boundary it is, one below it is not."""

from __future__ import annotations

import pytest

from security.csv_cells import safe
from security.reading_rules import (
    BOUNDS,
    DayOfReading,
    Usual,
    is_foreign,
    is_out_of_hours,
    peers_of,
    signs_of,
    usual,
)

NONE = Usual()


def codes(day: DayOfReading, *, records: Usual = NONE, rows: Usual = NONE) -> list[str]:
    return [sign.code for sign in signs_of(day, records=records, rows=rows)]


@pytest.mark.parametrize(
    ("field", "bound", "code"),
    [
        ("records", BOUNDS.records, "records"),
        ("rows", BOUNDS.rows, "rows"),
        ("out_of_hours", BOUNDS.out_of_hours, "hours"),
        ("foreign_units", BOUNDS.foreign_units, "units"),
        ("denials", BOUNDS.denials, "denials"),
    ],
)
def test_a_figure_counts_from_its_bound_on(field: str, bound: int, code: str) -> None:
    assert codes(DayOfReading(**{field: bound})) == [code]
    assert codes(DayOfReading(**{field: bound - 1})) == []


@pytest.mark.parametrize(
    ("records", "own", "peers", "listed"),
    [
        (60, 20, 0, False),  # exactly three times his own usual
        (61, 20, 0, True),
        (60, 0, 20, False),  # exactly three times his colleagues'
        (61, 0, 20, True),
        (61, 20, 21, False),  # the higher of the two decides
        (39, 1, 1, False),  # many times the usual, and still little
    ],
)
def test_a_volume_is_measured_against_the_usual(
    records: int, own: int, peers: int, listed: bool
) -> None:
    found = codes(DayOfReading(records=records), records=Usual(own, peers))
    assert found == (["records"] if listed else [])


def test_a_sign_carries_what_it_was_compared_with() -> None:
    (sign,) = signs_of(DayOfReading(records=50), records=Usual(2, 3), rows=NONE)
    assert (sign.figure, sign.bound, sign.usual) == (50, BOUNDS.records, Usual(2, 3))


@pytest.mark.parametrize(("hour", "out"), [(5, True), (6, False), (19, False), (20, True)])
def test_the_hours_of_work(hour: int, out: bool) -> None:
    assert is_out_of_hours(hour) is out


@pytest.mark.parametrize(
    ("place", "own", "foreign"),
    [
        ("/1/7/", "/1/7/", False),
        ("/1/7/9/", "/1/7/", False),  # below
        ("/1/", "/1/7/", False),  # above
        ("/1/70/", "/1/7/", True),
        ("/1/8/", "/1/7/", True),
        ("", "/1/7/", False),
        ("/1/8/", "", False),  # a person nobody knows any more
    ],
)
def test_a_foreign_unit(place: str, own: str, foreign: bool) -> None:
    assert is_foreign(place, own) is foreign


def test_the_usual_is_the_middle_of_the_days_with_reading() -> None:
    assert usual([]) == usual([0, 0]) == 0
    assert usual([0, 4, 100, 6]) == 6
    assert usual([4, 6]) == 5


def test_peers_are_those_of_the_unit_unless_too_few() -> None:
    people = [(1, "/1/7/"), (2, "/1/7/"), (3, "/1/7/"), (4, "/1/7/"), (5, "/1/8/")]
    assert peers_of("/1/7/", people, 1) == [2, 3, 4]
    assert peers_of("/1/8/", people, 5) == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["=1+1", "+84", "-5", "@SUM", "\t=1", "  =1", "\r=1", "＝1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Lê Văn Ba", "12", "a=b", "2026-11-22..2026-11-23"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe(text) == text
