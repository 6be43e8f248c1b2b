"""What the reading room shows: lines with their boxes, doubtful words, neighbours."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from digitization.boxes import Box
from digitization.fields import readable_keys
from digitization.models import Dossier, IndexField, IndexValue, Page
from digitization.proposals import Suggestion, suggestions_for
from digitization.rules import DOUBTFUL_BELOW
from digitization.snippets import is_hit
from records.folding import fold
from security.models import User

AROUND = 15  # thumbnails on each side of the page in hand


@dataclass(frozen=True)
class ReadWord:
    text: str
    box: Box
    confidence: int
    doubtful: bool
    hit: bool


@dataclass(frozen=True)
class ReadLine:
    """A line of the text: its number in the text, its words where they still fit it."""

    number: int
    text: str
    words: list[ReadWord] = field(default_factory=list)
    box: Box | None = None

    @property
    def doubtful(self) -> list[ReadWord]:
        return [word for word in self.words if word.doubtful]


def read_lines(page: Page, query: str = "") -> list[ReadLine]:
    """The lines of the current text, each with words and box where recognition knows them.

    Recognised lines and lines of the text meet by order; a line that a person changed keeps its
    box but not its words, because those are no longer what stands there.
    """
    wanted = fold(query).split()
    recognised: dict[int, list[ReadWord]] = defaultdict(list)
    for word in page.words:
        recognised[word[6]].append(_word(word, wanted))
    rows = [recognised[key] for key in sorted(recognised)]
    lines, at = [], 0
    texts = page.current_text.split("\n")
    together = sum(bool(text.strip()) for text in texts) == len(rows)
    for number, text in enumerate(texts):
        words = rows[at] if text.strip() and at < len(rows) else []
        same = " ".join(word.text for word in words).split() == text.split()
        at += bool(text.strip())
        lines.append(
            ReadLine(
                number,
                text,
                words if same else [],
                _around(words) if words and (same or together) else None,
            )
        )
    return lines


def next_doubtful(lines: list[ReadLine], after: int) -> int | None:
    """Number of the next line with a doubtful word behind line ``after``, or None."""
    return next((line.number for line in lines if line.number > after and line.doubtful), None)


@dataclass(frozen=True)
class Surroundings:
    """Where a page stands in its dossier: (place, page) around it, its place, how many in all."""

    pages: list[tuple[int, Page]]
    position: int
    total: int
    before: int | None
    after: int | None


def surroundings(page: Page, user: User) -> Surroundings:
    """The pages around one, in order; a dossier of 2,000 pages costs no more than a small one."""
    visible = Page.objects.visible_to(user).filter(dossier_id=page.dossier_id).in_order()
    ids = list(visible.values_list("pk", flat=True))
    at = ids.index(page.pk)
    low = max(0, at - AROUND)
    near = (
        Page.objects.filter(pk__in=ids[low : at + AROUND + 1])
        .in_order()
        .select_related("source", "job")
        .only("id", "number", "thumbnail", "source__position", "job__state", "dossier_id")
    )
    return Surroundings(
        pages=list(enumerate(near, low + 1)),
        position=at + 1,
        total=len(ids),
        before=ids[at - 1] if at else None,
        after=ids[at + 1] if at + 1 < len(ids) else None,
    )


@dataclass(frozen=True)
class IndexRow:
    """One index field of a dossier with its confirmed value and, where none is, a proposal.

    A masked one has neither: the reader may not read it, whether or not it is filled in.
    """

    field: IndexField
    value: str
    proposal: Suggestion | None
    confirmed: IndexValue | None
    masked: bool = False

    @property
    def shown(self) -> str:
        return self.value or (self.proposal.value if self.proposal else "")


def index_rows(dossier: Dossier, user: User, typed: dict[str, str] | None = None) -> list[IndexRow]:
    """Index fields of the dossier in the programme's order. ``typed`` wins: a form sent back."""
    values = {v.key: v for v in dossier.index_values.filter(document=None)}
    fields = list(
        IndexField.objects.filter(
            programme_id=dossier.lot.programme_id, scope=IndexField.Scope.DOSSIER
        )
    )
    readable = readable_keys(user, dossier, (one.key for one in fields))
    open_keys = {
        one.proposal
        for one in fields
        if one.proposal and one.key in readable and one.key not in values
    }
    suggestions = suggestions_for(dossier, open_keys, user)
    rows = []
    for one in fields:
        if one.key not in readable:
            rows.append(IndexRow(one, "", None, None, masked=True))
            continue
        confirmed = values.get(one.key)
        given = confirmed.value if confirmed else ""
        suggested = None if confirmed else suggestions.get(one.proposal)
        rows.append(IndexRow(one, (typed or {}).get(one.key, given), suggested, confirmed))
    return rows


def _word(word: list[Any], wanted: list[str]) -> ReadWord:
    text, x, y, w, h, confidence, _line = word
    return ReadWord(
        text,
        Box(x, y, w, h),
        confidence,
        doubtful=confidence < DOUBTFUL_BELOW,
        hit=bool(wanted) and is_hit(text, wanted),
    )


def _around(words: list[ReadWord]) -> Box:
    left, top = min(w.box.x for w in words), min(w.box.y for w in words)
    right = max(w.box.x + w.box.w for w in words)
    bottom = max(w.box.y + w.box.h for w in words)
    return Box(left, top, right - left, bottom - top).aired
