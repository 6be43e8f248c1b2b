"""A second look at writing that layout analysis has skipped.

Ink that lies in no recognised word is cut into lines and each line is read on its own. What is
read with some confidence takes its place among the other lines.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from digitization.ocr.engine import LINE, Engine, Token
from digitization.ocr.types import Limits, PageImage, Pixels, pixels

LEAST_CONFIDENCE = 55.0
SCRIBBLE = 30.0
LEAST_HEIGHT, MOST_HEIGHT = 14, 70  # of a letter, pixels
LEAST_WIDTH = 90  # of a line
LETTER_GAP = 45
MOST_LINES = 12
AS_DARK = 0.6
MARGIN = 14

Box = tuple[int, int, int, int]


def second_look(
    page: PageImage, tokens: Sequence[Token], engine: Engine, limits: Limits
) -> list[Token]:
    """The tokens with those of skipped lines put in by their place."""
    boxes = _skipped(page.ink, tokens)
    if not boxes or not tokens:
        return list(tokens)
    pictures = [_cut(page.ink, box) for box in boxes]
    found: dict[int, list[Token]] = {}
    for token in engine.read(pictures, psm=LINE, limits=limits):
        found.setdefault(token.picture, []).append(token)
    merged = list(tokens)
    for number, line in sorted(found.items(), key=lambda item: boxes[item[0]][1]):
        if _is_sure(line):
            merged = _merged(merged, [_placed(token, boxes[number]) for token in line])
    return merged


def without_scribble(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without lines that no reader would believe: signatures, seals, dirt."""
    lines: dict[tuple[int, int, int], list[Token]] = {}
    for token in tokens:
        lines.setdefault(token.key, []).append(token)
    return [token for token in tokens if _sureness(lines[token.key]) >= SCRIBBLE]


def _skipped(ink: Pixels, tokens: Sequence[Token]) -> list[Box]:
    """Boxes of lines of letters outside the words; none if there are too many to be lines.

    Only ink about as dark as that of the words counts: what shows through from the back of the
    page is lighter.
    """
    half = cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    paper = float(np.median(half[::4, ::4]))
    covered = np.zeros(half.shape, dtype=np.uint8)
    for token in tokens:
        x, y = token.x // 2, token.y // 2
        covered[max(0, y - 4) : y + token.h // 2 + 5, max(0, x - 4) : x + token.w // 2 + 5] = 1
    known = half[covered > 0]
    if known.size == 0:
        return []
    darkness = (paper - float(np.quantile(known, 0.05))) * AS_DARK
    dark = pixels(((half < paper - darkness) & (covered == 0)) * np.uint8(255))
    letters = _letters(dark)
    lines = cv2.dilate(letters, np.ones((3, LETTER_GAP // 2), np.uint8))
    count, _labels, stats, _ = cv2.connectedComponentsWithStats(lines)
    boxes = [
        (2 * int(x), 2 * int(y), 2 * int(w), 2 * int(h))
        for x, y, w, h, _area in stats[1:count]
        if 2 * w - LETTER_GAP >= LEAST_WIDTH and LEAST_HEIGHT <= 2 * h <= 2 * MOST_HEIGHT
    ]
    return boxes if len(boxes) <= MOST_LINES else []


def _letters(dark: Pixels) -> Pixels:
    """Components of the size of letters: no specks, no seals, no signatures."""
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    height, width = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    is_letter = (
        (2 * height >= LEAST_HEIGHT) & (2 * height <= MOST_HEIGHT) & (2 * width <= 2 * MOST_HEIGHT)
    )
    keep = pixels(is_letter * np.uint8(255))
    keep[0] = 0
    return pixels(keep[labels])


def _cut(ink: Pixels, box: Box) -> Pixels:
    x, y, w, h = box
    top, left = max(0, y - MARGIN), max(0, x - MARGIN)
    return pixels(np.ascontiguousarray(ink[top : y + h + MARGIN, left : x + w + MARGIN]))


def _placed(token: Token, box: Box) -> Token:
    left, top = max(0, box[0] - MARGIN), max(0, box[1] - MARGIN)
    return replace(
        token, x=token.x + left, y=token.y + top, key=(-1, box[1], box[0]), picture=0
    )  # a key of its own: no other line has a negative block


def _is_sure(line: Sequence[Token]) -> bool:
    letters = sum(len(token.text) for token in line)
    wordy = sum(character.isalnum() for token in line for character in token.text)
    return _sureness(line) > LEAST_CONFIDENCE and wordy >= max(3, 0.7 * letters)


def _sureness(line: Sequence[Token]) -> float:
    letters = sum(len(token.text) for token in line)
    return sum(token.confidence * len(token.text) for token in line) / max(1, letters)


def _merged(tokens: list[Token], line: list[Token]) -> list[Token]:
    """The line before the first token of a line that lies wholly below it."""
    bottom = max(token.y + token.h for token in line)
    for place, token in enumerate(tokens):
        starts = place == 0 or token.key != tokens[place - 1].key
        if starts and token.y >= bottom - MARGIN:
            return [*tokens[:place], *line, *tokens[place:]]
    return [*tokens, *line]
