from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitization.rules import (
    CatalogueFacts,
    LotFacts,
    acceptance_problems,
    clean_name,
    free_stem,
    index_value_problem,
    pace,
    retry_delay,
    step_1_problems,
)

WHOLE = CatalogueFacts(2, 300, "SH", "hoso")
READY = LotFacts("open", 5, 0, 0, 0, inspector=2, operator=1, workers=frozenset({1}))


def test_step_1_closes_with_catalogue_lead_and_focal_person() -> None:
    assert step_1_problems(WHOLE) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"types_expected": 0}, "no_catalogue"),
        ({"pages_or_papers_expected": 0}, "no_catalogue"),
        ({"lead_unit": ""}, "no_lead_unit"),
        ({"focal_person": ""}, "no_focal_person"),
    ],
)
def test_step_1_stays_open(change: dict[str, object], code: str) -> None:
    assert step_1_problems(CatalogueFacts(**{**WHOLE.__dict__, **change})) == [code]


def test_a_ready_lot_can_be_accepted() -> None:
    assert acceptance_problems(READY) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "accepted"}, "lot_not_open"),
        ({"state": "rejected"}, "lot_not_open"),
        ({"pages": 0}, "lot_empty"),
        ({"unread": 1}, "pages_unread"),
        ({"failed": 1}, "pages_failed"),
        ({"dossiers_without_index": 1}, "index_missing"),
        ({"operator": None}, "no_operator"),
        ({"inspector": 1}, "own_work"),
        ({"workers": frozenset({1, 2})}, "own_work"),
    ],
)
def test_each_fact_alone_keeps_a_lot_from_acceptance(change: dict[str, object], code: str) -> None:
    assert acceptance_problems(LotFacts(**{**READY.__dict__, **change})) == [code]


def test_pauses_grow_and_end() -> None:
    assert [retry_delay(left) for left in (2, 1, 0)] == [
        timedelta(seconds=15),
        timedelta(seconds=60),
        None,
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.pdf", "a.pdf"),
        ("/home/x/a.pdf", "a.pdf"),
        ("C:\\Scan\\Hồ sơ 1.pdf", "Hồ sơ 1.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("", "file"),
    ],
)
def test_names_lose_their_path(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@given(st.text())
def test_a_cleaned_name_is_one_safe_part(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned
    assert len(cleaned) <= 255
    assert not set(cleaned) & set("/\\\x00\n")
    assert free_stem(cleaned, ()) not in ("", ".", "..")


def test_equal_stems_are_numbered() -> None:
    assert free_stem("d01.pdf", ()) == "d01"
    assert free_stem("d01.tif", {"d01"}) == "d01-2"
    assert free_stem("d01.jpg", {"d01", "d01-2"}) == "d01-3"


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("text", "x", None),
        ("text", "  ", "value_missing"),
        ("text", "x" * 301, "value_too_long"),
        ("identity", "099084000123", None),
        ("identity", "09908400012", "not_identity"),
        ("identity", "09908400012a", "not_identity"),
        ("number", "3", None),
        ("number", "-3", "not_number"),
        ("date", "29/02/2024", None),
        ("date", "29/02/2023", "not_date"),
        ("date", "2024-02-29", "not_date"),
    ],
)
def test_index_values(kind: str, value: str, code: str | None) -> None:
    assert index_value_problem(kind, value) == code


def test_pace() -> None:
    assert pace(read_lately=30, seconds=60, remaining=61).minutes_left == 3
    assert pace(read_lately=0, seconds=60, remaining=5).minutes_left is None
    assert pace(read_lately=0, seconds=60, remaining=0).minutes_left == 0
