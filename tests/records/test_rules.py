from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.rules import (
    MembershipFacts,
    PartialDate,
    PartialDateError,
    membership_problems,
    normalise_card_number,
    normalise_name,
    normalise_personal_id,
    normalise_profile_number,
    party_age,
    personal_id_problems,
    plus_months,
    search_name,
    split_name,
    tone_spellings,
)

TODAY = date(2026, 5, 20)


@pytest.mark.parametrize(
    ("name", "family", "middle", "given"),
    [
        ("Nguyễn Văn An", "Nguyễn", "Văn", "An"),
        ("Tôn Nữ Thị Ninh Hoà", "Tôn", "Nữ Thị Ninh", "Hoà"),
        ("Lê Lợi", "Lê", "", "Lợi"),
        ("Đức", "", "", "Đức"),
        ("  ", "", "", ""),
    ],
)
def test_a_name_is_taken_apart(name: str, family: str, middle: str, given: str) -> None:
    parts = split_name(name)
    assert (parts.family, parts.middle, parts.given) == (family, middle, given)
    assert parts.sort_key == (given, family, middle)


@given(st.text())
def test_no_word_of_a_name_is_lost(name: str) -> None:
    assert split_name(name).full == normalise_name(name)


def test_search_names_have_a_space_before_every_word() -> None:
    assert search_name("Nguyễn Đình Ân") == " nguyen dinh an "


@pytest.mark.parametrize(
    ("word", "spellings"),
    [
        ("hoà", {"hoà", "hòa"}),
        ("thúy", {"thúy", "thuý"}),
        ("an", {"an"}),
        ("hoàng", {"hoàng", "hòang"}),
    ],
)
def test_both_places_of_a_tone_mark(word: str, spellings: set[str]) -> None:
    assert tone_spellings(word) == spellings


@pytest.mark.parametrize(
    ("text", "iso", "display"),
    [
        ("30/4/1975", "1975-04-30", "30/04/1975"),
        ("30.04.1975", "1975-04-30", "30/04/1975"),
        ("4-1975", "1975-04", "04/1975"),
        (" 1975 ", "1975", "1975"),
        ("1975-04-30", "1975-04-30", "30/04/1975"),
        ("29/2/2024", "2024-02-29", "29/02/2024"),
    ],
)
def test_dates_are_read_and_shown_as_far_as_they_are_known(
    text: str, iso: str, display: str
) -> None:
    parsed = PartialDate.parse(text)
    assert (parsed.iso, parsed.display) == (iso, display)


@pytest.mark.parametrize(
    "text",
    ["", "31/4/1975", "29/2/2023", "13/1975", "0/1975", "75", "30/04/75", "1975-4", "x", "0999"],
)
def test_dates_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(PartialDateError):
        PartialDate.parse(text)


@given(st.dates(date(1000, 1, 1), date(2999, 12, 31)), st.integers(1, 3))
def test_reading_what_is_shown_gives_the_same_date(day: date, known: int) -> None:
    one = PartialDate(*(day.year, day.month, day.day)[:known])
    assert PartialDate.parse(one.display) == PartialDate.from_iso(one.iso) == one
    assert one.earliest <= day <= one.latest


def test_twelve_months_later() -> None:
    assert plus_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert plus_months(date(2024, 12, 31), 2) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("admission", "official", "years"),
    [
        ("1986-05-20", "1987-05-20", 40),
        ("1986-05-21", "1987-05-21", 39),
        ("1986-05", "1987", 39),
        ("1986", "1987", 39),
        ("1986-05-20", "", None),
        ("", "1987", None),
    ],
)
def test_party_age_counts_only_what_is_certain(
    admission: str, official: str, years: int | None
) -> None:
    decided, since = (
        PartialDate.from_iso(text) if text else None for text in (admission, official)
    )
    assert party_age(decided, since, TODAY) == years


@pytest.mark.parametrize(
    ("text", "number"),
    [("038 085 000001", "038085000001"), ("03808500000", None), ("03808500000x", None), ("", None)],
)
def test_personal_id_shape(text: str, number: str | None) -> None:
    assert normalise_personal_id(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("123456 THA", "123456THA"),
        ("123456đnai", "123456ĐNAI"),
        ("123456", None),
        ("12345THA", None),
        ("123456THANH", None),
        ("123456TH1", None),
    ],
)
def test_profile_number_shape(text: str, number: str | None) -> None:
    assert normalise_profile_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("38.123456", "38.123456"),
        ("38 123456", "38.123456"),
        ("038085000001", "038085000001"),
        ("38.000000", None),
        ("38.12345", None),
        ("381.23456", None),
    ],
)
def test_card_number_shape(text: str, number: str | None) -> None:
    assert normalise_card_number(text) == number


@pytest.mark.parametrize(
    ("number", "gender", "year", "codes"),
    [
        ("038085000001", "1", 1985, set()),
        ("038185000001", "2", 1985, set()),
        ("038303000001", "2", 2003, set()),
        ("038085000001", "2", 1985, {"personal_id_gender"}),
        ("038085000001", "1", 1986, {"personal_id_birth_year"}),
        ("038085000001", "1", 2085, {"personal_id_century"}),
        ("003085000001", "1", 1985, {"personal_id_province"}),
        ("138085000001", "", None, set()),  # abroad: other codes
    ],
)
def test_personal_id_is_checked_against_the_rest(
    number: str, gender: str, year: int | None, codes: set[str]
) -> None:
    problems = personal_id_problems(number, gender=gender, birth_year=year, provinces={"38", "01"})
    assert {problem.code for problem in problems} == codes
    assert all(problem.warning for problem in problems)


def facts(**values: object) -> MembershipFacts:
    read = {
        key: PartialDate.from_iso(value)
        if key in {"birth", "admission_decision", "joined", "official", "left"}
        else value
        for key, value in values.items()
        if isinstance(value, str)
    }
    return MembershipFacts(**{"status": "chinh_thuc", **values, **read})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {}),
        ({"joined": "2020-05-05", "official": "2021-05-05"}, {}),
        ({"joined": "2020-05", "official": "2021"}, {}),
        ({"joined": "2020", "official": "2020"}, {"official_not_12_months": True}),
        ({"joined": "2020-05-05", "official": "2020-05-05"}, {"official_not_after_joined": False}),
        ({"joined": "2020-05-05", "official": "2020-05-06"}, {"official_not_12_months": True}),
        (
            {"admission_decision": "2020-05-06", "joined": "2020-05-05"},
            {"joined_before_decision": False},
        ),
        ({"admission_decision": "2020-05", "joined": "2020-05-05"}, {}),
        ({"joined": "2026-05-21"}, {"in_the_future": False}),
        ({"joined": "2026-05"}, {}),
        ({"birth": "2002-05-06", "joined": "2020-05-05"}, {"younger_than_18": True}),
        ({"birth": "2002-05-05", "joined": "2020-05-05"}, {}),
        ({"birth": "2002", "joined": "2020"}, {}),
        ({"birth": "1950-01-01", "joined": "2011-01-01"}, {"older_than_60": True}),
        ({"birth": "1950-01-02", "joined": "2010-12-31"}, {}),
        ({"birth": "2020", "joined": "2000"}, {"joined_before_birth": False}),
        ({"status": "du_bi", "official": "2020"}, {"probationary_with_official_date": False}),
        ({"status": "du_bi", "card_number": "38.000001"}, {"probationary_with_card": False}),
        ({"leaves": True}, {"left_date_missing": False}),
        ({"left": "2020"}, {"left_date_but_active": False}),
        ({"joined": "2020", "left": "2019", "leaves": True}, {"left_before_joined": False}),
        (
            {"card_number": "038085000001", "personal_id": "038085000002"},
            {"card_not_personal_id": True},
        ),
    ],
)
def test_facts_of_a_membership(values: dict[str, object], expected: dict[str, bool]) -> None:
    problems = membership_problems(facts(**values), TODAY)
    assert {problem.code: problem.warning for problem in problems} == expected
