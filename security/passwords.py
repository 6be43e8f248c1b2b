"""Passwords that anybody would try first, in Vietnamese too; offline and in plain words.

Django's list of 20 000 common passwords knows no Vietnamese, and nobody types twelve letters of it.
So a password is folded (no accents, no case, digits read as letters, the rest dropped) and cut:
common words, runs of the keyboard and the person's own names go out; something must be left.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from security.models import User

WORDS_FILE = Path(__file__).parent / "data" / "common_passwords.txt"
# Letters that must be left beside what everybody would guess.
OWN_LETTERS = 5
OWN_DISTINCT = 3
DISTINCT = 5
ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
RUN = 4
READ_AS = str.maketrans("0134578@$!", "oieastbasi")


class LengthValidator(MinimumLengthValidator):
    """Django's rule, in words that our catalogue has; and an end, for the sake of the hash."""

    longest = 128

    def validate(self, password: str, user: object = None) -> None:
        super().validate(password)
        if len(password) > self.longest:
            said = _("Too long: %(n)d characters at most.") % {"n": self.longest}
            raise ValidationError(said, code="password_too_long")

    def get_error_message(self) -> str:
        return _("Too short: %(n)d characters at least.") % {"n": self.min_length}

    def get_help_text(self) -> str:
        return _(
            "At least %(n)d characters. Several words that only you put together are best."
        ) % {"n": self.min_length}


class GuessableValidator:
    """Refuses what is made of common words, keyboard runs, repetition or the person's own names;
    also digits alone, and what stands in Django's list."""

    def __init__(self) -> None:
        self.known = CommonPasswordValidator()

    def validate(self, password: str, user: User | None = None) -> None:
        if password.isdigit():
            raise ValidationError(_("Digits alone are guessed soon."), code="password_numeric")
        names = _names(user) if user is not None else ()
        if len(set(fold(password))) < DISTINCT:
            raise ValidationError(_("Too few different characters."), code="password_monotonous")
        for letters in {_letters(fold(password)), _letters(fold(password).translate(READ_AS))}:
            if _is_repeated(letters):
                raise ValidationError(_("One part repeated is guessed soon."), code="repeated")
            if _is_guessable(letters, (*names, *common_words())):
                raise ValidationError(
                    _("Made of common words or of your own name: too easily guessed."),
                    code="password_guessable",
                )
        self.known.validate(password, user)

    def get_help_text(self) -> str:
        return _(
            "Not a common phrase with digits added (matkhau2026, anhyeuem…), not your name, "
            "not a row of the keyboard, not digits alone."
        )


@cache
def common_words() -> tuple[str, ...]:
    """The folded words of the list, longest first."""
    lines = WORDS_FILE.read_text("utf-8").splitlines()
    words = {_letters(fold(line)) for line in lines if line and not line.startswith("#")}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def fold(text: str) -> str:
    """Lower case without accents: "Mật khẩu" → "mat khau"."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def _letters(text: str) -> str:
    return "".join(one for one in text if one.isalpha())


def _names(user: User) -> tuple[str, ...]:
    """The person's names, whole and in parts, as somebody who knows him would try them."""
    whole = _letters(fold(user.full_name))
    parts = [_letters(part) for part in fold(f"{user.full_name} {user.username}").split()]
    known = {whole, _letters(fold(user.username)), *(part for part in parts if len(part) > 2)}
    return tuple(sorted((name for name in known if name), key=lambda name: -len(name)))


def _is_guessable(letters: str, words: tuple[str, ...]) -> bool:
    rest = letters
    for word in words:
        rest = rest.replace(word, "")
    rest = _without_runs(rest)
    return rest != letters and (len(rest) < OWN_LETTERS or len(set(rest)) < OWN_DISTINCT)


def _without_runs(letters: str) -> str:
    """Cut what runs along a row of the keyboard or the alphabet, in either direction."""
    kept, at = "", 0
    while at < len(letters):
        length = RUN
        while at + length <= len(letters) and _is_run(letters[at : at + length]):
            length += 1
        if length > RUN:
            at += length - 1
        else:
            kept += letters[at]
            at += 1
    return kept


def _is_run(part: str) -> bool:
    return any(part in row or part in row[::-1] for row in ROWS)


def _is_repeated(letters: str) -> bool:
    """The same part twice or more, each time shorter than a password."""
    period = (letters + letters).find(letters, 1) if letters else 0
    return 0 < period < min(len(letters), 12)
