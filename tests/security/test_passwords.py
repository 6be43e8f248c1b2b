"""What a password must not be, by examples; and that it is kept as Argon2id."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from security.models import Unit, User
from security.passwords import common_words, fold

PERSON = User(username="hoanguyen", full_name="Nguyễn Thị Hoà", unit=Unit(name="Vụ I"))


def refusals(password: str) -> list[str]:
    """Codes of the rules that refuse it."""
    try:
        validate_password(password, PERSON)
    except ValidationError as error:
        return [str(one.code) for one in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "matkhau123456",
        "Mật Khẩu @2026!",
        "MậtKhẩu@2026",
        "matkhaumatkhau",
        "MatKhauCuaToi1",
        "anhyeuem12345",
        "Anh Yêu Em 1234",
        "@nhY3u3m!!!!!!",
        "Passw0rd2026!",
        "P@ssw0rd@2026",
        "admin@123456789",
        "quantri@123456",
        "dangvien@2026",
        "ChiBo1-DangBo2-2026",
        "hoso@hoso@hoso",
        "Hanoi@2026@2026",
        "VietNam19451975",
        "qwertyuiop123",
        "poiuytrewq9876",
        "asdfghjkl;12345",
        "1qaz2wsx3edc4",
        "abcdefghijkl",
        "zyxwvutsrqpo1",
        "nguyenthihoa1965",
        "Nguyễn.Thị.Hoà.65",
        "hoanguyen@2026",
        "HoaNguyen-Hoa-65",
    ],
)
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    assert len(password) >= 12
    assert set(refusals(password)) & {"password_guessable", "repeated", "password_monotonous"}


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("aaaaaaaaaaaa", "password_monotonous"),
        ("ababababababab", "password_monotonous"),
        ("121212121212!", "password_monotonous"),
        ("thuyền-thuyền-thuyền", "repeated"),
        ("Songxanh1songxanh2", "repeated"),
        ("thuyền xa", "password_too_short"),
        ("thuyền ra khơi " * 9, "password_too_long"),
        ("937461820375", "password_numeric"),
        ("sojdlg123aljg", "password_too_common"),
    ],
)
def test_what_is_short_or_says_little_is_refused(password: str, code: str) -> None:
    assert code in refusals(password)


@pytest.mark.parametrize(
    "password",
    [
        "thuyền ra khơi 9",
        "thuyền ra khơi sớm mai",
        "con mèo leo cây cau 7",
        "lá lành đùm lá rách!",
        "a long enough phrase",
        "another phrase 7",
        "một-mật-khẩu-dài",
        "k7#Rz!p2vQ9&xT",
        "Trâu-Đỏ-Ăn-Cỏ-Xanh",
        "mua 3 cân cam sành",
        "purple kettle 4 noon",
        "Hoà thích ăn bún ốc",
        "wVqZp-8mNrt-Kc3Ld",
        "yeu-mua-rao-thang-7",
    ],
)
def test_good_passphrases_pass(password: str) -> None:
    assert refusals(password) == []


def test_the_list_is_folded_and_short_words_first_hide_nothing() -> None:
    words = common_words()
    assert len(words) > 150
    assert all(word == fold(word) and word.isalpha() for word in words)
    assert list(words) == sorted(words, key=lambda word: (-len(word), word))


def test_accents_and_case_fold_away() -> None:
    assert fold("ĐƯỜNG Mật KHẨU") == "duong mat khau"


def test_passwords_are_kept_as_argon2id() -> None:
    hashed = make_password("thuyền ra khơi 9")
    assert hashed.startswith("argon2$argon2id$")
    assert identify_hasher(hashed).algorithm == "argon2"
    assert len(settings.PASSWORD_HASHERS) == 1
