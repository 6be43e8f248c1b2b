from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.folding import fold

VIETNAMESE = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Nguyễn Thị Hoà", "nguyen thi hoa"),
        ("Nguyễn Thị Hòa", "nguyen thi hoa"),
        ("ĐẶNG  đình\tĐức", "dang dinh duc"),
        ("K’Brêu (Y-Bih) Êban", "k breu y bih eban"),
        ("Số 12/QĐ-UBND", "so 12 qd ubnd"),
        ("ｆｕｌｌｗｉｄｔｈ １２", "fullwidth 12"),
        ("a_b", "a b"),
        ("  ", ""),
        ("", ""),
    ],
)
def test_known_texts(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(st.text())
def test_only_letters_digits_and_single_spaces_remain(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert all(mark.isalnum() or mark == " " for mark in folded)


@given(st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + " -.,'"))
def test_vietnamese_becomes_plain_ascii_whatever_its_normal_form(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(text.upper()) == folded
