"""Reading order: which words stand on one line, and which line comes next.

The engine's own order is kept outside tables. Words inside the cells of a ruled table are put in
order by cell and, within a cell, by their place; a table comes where its first word came.
"""

from collections.abc import Sequence
from statistics import median
from typing import Protocol, TypeVar

from digitization.ocr.engine import Token
from digitization.ocr.types import Cell

Line = list[Token]


class Boxed(Protocol):
    """Anything with a box in pixels."""

    @property
    def x(self) -> int: ...

    @property
    def y(self) -> int: ...

    @property
    def w(self) -> int: ...

    @property
    def h(self) -> int: ...


B = TypeVar("B", bound=Boxed)


def lines_of(tokens: Sequence[Token], cells: Sequence[Cell]) -> list[Line]:
    """The tokens as lines in reading order."""
    loose: dict[tuple[int, int, int], Line] = {}
    held: dict[int, list[Token]] = {}
    for token in tokens:
        number = _cell_number(cells, token)
        if number is None:
            loose.setdefault(token.key, []).append(token)
        else:
            held.setdefault(number, []).append(token)
    table = [line for number in sorted(held) for line in by_place(held[number])]
    return _inserted(list(loose.values()), table)


def by_place(tokens: Sequence[B]) -> list[list[B]]:
    """Words as they stand beside each other: a word joins the line whose middle it covers."""
    lines: list[list[B]] = []
    for token in sorted(tokens, key=_middle):
        if lines and _same_line(lines[-1], token):
            lines[-1].append(token)
        else:
            lines.append([token])
    return [sorted(line, key=lambda token: token.x) for line in lines]


def _same_line(line: Sequence[Boxed], token: Boxed) -> bool:
    heights = [other.h for other in line] + [token.h]
    return abs(_middle(token) - median(map(_middle, line))) < 0.5 * median(heights)


def _middle(token: Boxed) -> float:
    return token.y + token.h / 2


def _cell_number(cells: Sequence[Cell], token: Token) -> int | None:
    x, y = token.x + token.w / 2, _middle(token)
    return next((number for number, cell in enumerate(cells) if cell.holds(x, y)), None)


def _inserted(loose: list[Line], table: list[Line]) -> list[Line]:
    """The table's lines before the first loose line that lies wholly below its top."""
    if not table:
        return loose
    top = min(token.y for token in table[0])
    for place, line in enumerate(loose):
        if min(token.y for token in line) > top:
            return [*loose[:place], *table, *loose[place:]]
    return [*loose, *table]
