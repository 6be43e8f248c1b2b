"""The one way text is made comparable for search: without accents, case or punctuation."""

from __future__ import annotations

import re
import unicodedata

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
# Letters with a stroke have no decomposition in Unicode, so the accent cannot be dropped from them.
_STROKES = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})


def fold(text: str) -> str:
    """Text as search compares it: "Nguyễn  Thị HOÀ-Đông" → "nguyen thi hoa dong".

    Compatibility forms are unified, accents and tone marks dropped wherever they stand (so hoà and
    hòa meet, and decomposed input equals composed), đ becomes d, and every run of anything but
    letters and digits becomes one space. Folding twice changes nothing. Pure; never raises.
    """
    bare = "".join(
        mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark)
    )
    lowered = unicodedata.normalize("NFC", bare.lower().translate(_STROKES))
    return _NOT_ALPHANUMERIC.sub(" ", lowered).strip()
