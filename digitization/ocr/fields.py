"""Proposals for index fields, from the printed labels of the member form and the curriculum vitae.

A label is recognised although some of its letters are wrong; the value stands to its right, up to
the next label or the end of the line. What comes out is a proposal and no data until a person has
confirmed it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from digitization.ocr.order import by_place
from digitization.ocr.types import Word

LABELS: dict[str, tuple[str, ...]] = {
    "ho_ten": ("họ và tên", "họ và tên khai sinh"),
    "gioi_tinh": ("giới tính",),
    "ngay_sinh": ("ngày sinh",),
    "que_quan": ("quê quán",),
    "dan_toc": ("dân tộc",),
    "ton_giao": ("tôn giáo",),
    "so_cccd": ("số cccd",),
    "ngay_vao_dang": ("ngày vào đảng",),
    "ngay_chinh_thuc": ("ngày chính thức",),
    "so_the": ("số thẻ đảng viên",),
    "chuc_vu": ("chức vụ",),
    "don_vi": ("đơn vị (chi bộ)", "đơn vị"),
    "trinh_do": ("trình độ",),
}
ALIKE = 0.8
LONGEST_LABEL = 5
KNOWN_WORDS = (
    "Nam", "Nữ", "Kinh", "Tày", "Nùng", "Mường", "Thái", "Hoa", "Dao", "Khmer", "Không",
    "Phật giáo", "Công giáo", "Tin lành", "Cao Đài", "Hòa Hảo", "Đảng viên", "Chi ủy viên",
    "Bí thư chi bộ", "Phó bí thư chi bộ", "Chi bộ", "Sơ cấp", "Trung cấp", "Cao đẳng", "Đại học",
    "Thạc sĩ", "Tiến sĩ",
)  # fmt: skip
LOOKALIKES = str.maketrans({"O": "0", "o": "0", "Ô": "0", "l": "1", "I": "1", "|": "1", "S": "5"})
EDGES = " .,:;_-–—~'`\"|…·"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A value read for a field, where it stands on the page, and the least sure of its words."""

    key: str
    value: str
    confidence: float
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, kw_only=True)
class _Label:
    key: str
    start: int
    end: int
    alike: float


def propose(words: Sequence[Word]) -> list[Proposal]:
    """One proposal per field found on the page, the topmost where a label comes twice."""
    found: dict[str, Proposal] = {}
    for line in by_place(words):
        labels = _labels_in(line)
        for number, label in enumerate(labels):
            stop = labels[number + 1].start if number + 1 < len(labels) else len(line)
            proposal = _proposal(label.key, line[label.end : stop])
            if proposal is not None and label.key not in found:
                found[label.key] = proposal
    return list(found.values())


def values(proposals: Sequence[Proposal]) -> dict[str, str]:
    """The proposals as `{key: value}`."""
    return {proposal.key: proposal.value for proposal in proposals}


def _labels_in(line: Sequence[Word]) -> list[_Label]:
    """Labels of a line from left to right: of those that overlap, the one most alike.

    The first must begin the line, but for its number; a label's words elsewhere are just words.
    """
    chosen: list[_Label] = []
    for label in sorted(_candidates(line), key=lambda label: label.alike, reverse=True):
        free = all(label.end <= other.start or label.start >= other.end for other in chosen)
        if free and _is_announced(line, label):
            chosen.append(label)
    chosen.sort(key=lambda label: label.start)
    return chosen if chosen and chosen[0].start <= 1 else []


def _is_announced(line: Sequence[Word], label: _Label) -> bool:
    """A label begins the line, follows its number, or ends with a colon."""
    return (
        label.start <= 1
        or _is_number(line[label.start - 1].text)
        or line[label.end - 1].text.endswith((":", ";"))
    )


def _candidates(line: Sequence[Word]) -> Iterator[_Label]:
    for start in range(len(line)):
        for end in range(start + 1, min(start + LONGEST_LABEL, len(line)) + 1):
            words = [word.text for word in line[start:end]]
            key, alike = _most_alike(_letters(" ".join(words)))
            if alike >= ALIKE:
                colon = 0.1 if words[-1].endswith((":", ";")) else 0.0  # it ends every label
                yield _Label(key=key, start=start, end=end, alike=alike + colon)
            if ":" in words[-1]:
                break


def _most_alike(candidate: str) -> tuple[str, float]:
    return max(
        (
            (key, SequenceMatcher(None, candidate, _letters(name)).ratio())
            for key, names in LABELS.items()
            for name in names
        ),
        key=lambda pair: pair[1],
    )


def _proposal(key: str, words: Sequence[Word]) -> Proposal | None:
    kept = [word for word in words if word.text.strip(EDGES)]
    while kept and _is_number(kept[-1].text) and len(kept) > 1:
        kept = kept[:-1]  # the number of the label that follows
    if not kept:
        return None
    value = CLEAN_UPS.get(key, _wording)(" ".join(word.text for word in kept))
    if not value:
        return None
    left, top = min(word.x for word in kept), min(word.y for word in kept)
    return Proposal(
        key=key,
        value=value,
        confidence=min(word.confidence for word in kept),
        x=left,
        y=top,
        w=max(word.x + word.w for word in kept) - left,
        h=max(word.y + word.h for word in kept) - top,
    )


def _is_number(text: str) -> bool:
    """Whether it is the running number of a label: "4." or "12."."""
    return re.fullmatch(r"\d{1,2}[.,)]", text) is not None


def _letters(text: str) -> str:
    """Lower-case letters and digits without marks: what survives a poor reading."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in bare if letter.isalnum())


def _wording(text: str) -> str:
    text = re.sub(r"\s*[.…_·]{2,}\s*", " ", text)
    text = re.sub(r"\s+", " ", text).strip(EDGES)
    for known in sorted(KNOWN_WORDS, key=len, reverse=True):
        size = len(known.split())
        head, rest = text.split(" ")[:size], text.split(" ")[size:]
        if _letters(" ".join(head)) == _letters(known):
            is_right = " ".join(head).lower() == known.lower()
            return text if is_right else " ".join([known, *rest])
    return text


def _date(text: str) -> str:
    """dd/mm/yyyy. A zero with a dot in it is often read as 6, 8 or 9; no day or month begins so."""
    digits = re.sub(r"\D", "", text.translate(LOOKALIKES))
    if len(digits) != 8:  # ddmmyyyy
        return _wording(text)
    day, month, year = digits[:2], digits[2:4], digits[4:]
    day, month = (re.sub("^[689]", "0", part) for part in (day, month))
    return f"{day}/{month}/{re.sub('^2[689]', '20', year)}"


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text.translate(LOOKALIKES)) or _wording(text)


def _card(text: str) -> str:
    digits = re.sub(r"\D", "", text.translate(LOOKALIKES))
    return f"{digits[:2]}.{digits[2:]}" if len(digits) == 8 else _wording(text)


def _full_name(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s'-]|\d", " ", text)).strip(EDGES)


CLEAN_UPS: dict[str, Callable[[str], str]] = {
    "ho_ten": _full_name,
    "ngay_sinh": _date,
    "ngay_vao_dang": _date,
    "ngay_chinh_thuc": _date,
    "so_cccd": _digits,
    "so_the": _card,
}
