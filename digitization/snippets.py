"""Finding folded words in text as people wrote it: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from records.folding import fold

_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
AROUND = 90  # characters of context on each side of the first hit


@dataclass(frozen=True)
class Piece:
    """A stretch of text; a ``hit`` is shown marked."""

    text: str
    hit: bool


def is_hit(word: str, wanted: list[str]) -> bool:
    """Whether a written word answers one of the folded words (the last one as a beginning)."""
    folded = fold(word)
    if not folded or not wanted:
        return False
    parts = folded.split()
    return any(part in wanted or part.startswith(wanted[-1]) for part in parts)


def snippet(text: str, query: str) -> list[Piece]:
    """The stretch of ``text`` around the first hit of the query, cut into pieces."""
    wanted = fold(query).split()
    hits = [match.span() for match in _WORD.finditer(text) if is_hit(match.group(), wanted)]
    if not hits:
        return [Piece(_flat(text[: 2 * AROUND]), hit=False)] if text else []
    start = max(0, hits[_densest(hits)][0] - AROUND)
    end = min(len(text), start + 3 * AROUND)
    pieces, at = [], start
    for low, high in hits:
        if low < at or high > end:
            continue
        pieces += [Piece(_flat(text[at:low]), hit=False), Piece(text[low:high], hit=True)]
        at = high
    pieces.append(Piece(_flat(text[at:end]), hit=False))
    return [piece for piece in pieces if piece.text]


def _densest(hits: list[tuple[int, int]]) -> int:
    """Index of the hit that has most other hits close behind it."""
    near = [sum(0 <= other - low <= AROUND for other, _ in hits) for low, _ in hits]
    return near.index(max(near))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)
