"""Vietnamese names: family name first, given name last, sorted by the given name."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from records.folding import fold

# Where two schools put the tone mark: hòa = hoà, khỏe = khoẻ, thúy = thuý.
_TONES = (
    *zip(("òa", "óa", "ỏa", "õa", "ọa"), ("oà", "oá", "oả", "oã", "oạ"), strict=True),
    *zip(("òe", "óe", "ỏe", "õe", "ọe"), ("oè", "oé", "oẻ", "oẽ", "oẹ"), strict=True),
    *zip(("ùy", "úy", "ủy", "ũy", "ụy"), ("uỳ", "uý", "uỷ", "uỹ", "uỵ"), strict=True),
)


@dataclass(frozen=True)
class NameParts:
    """A name taken apart; every part may be empty except the given name of a real name."""

    family: str
    middle: str
    given: str

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """What lists are ordered by: given, then family, then middle name."""
        return self.given, self.family, self.middle

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.family, self.middle, self.given) if part)


def normalise_name(text: str) -> str:
    """One spelling for storing: composed letters (NFC), single spaces, no outer ones."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def split_name(text: str) -> NameParts:
    """First word family, last word given, the rest middle; a single word is a given name.

    Compound family names and the orders of some ethnic minorities cannot be told from the text
    alone, so they are taken as written.
    """
    words = normalise_name(text).split()
    if not words:
        return NameParts("", "", "")
    if len(words) == 1:
        return NameParts("", "", words[0])
    return NameParts(words[0], " ".join(words[1:-1]), words[-1])


def search_name(text: str) -> str:
    """The folded name with a space on both sides, so that ``LIKE '% an%'`` finds word starts."""
    return f" {fold(text)} "


def tone_spellings(word: str) -> set[str]:
    """The spellings of one lower-case word: "hoà" → {"hoà", "hòa"}, "an" → {"an"}."""
    older = newer = word
    for old, new in _TONES:
        older, newer = older.replace(new, old), newer.replace(old, new)
    return {word, older, newer}
