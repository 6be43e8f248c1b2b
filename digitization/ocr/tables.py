"""Ruled tables: find the cells, and take the rules away.

Layout analysis takes rules for letters ("|"), or reads a table column by column, or loses it.
With the rules gone the writing is read, and `order` puts the words back where the cells say.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from digitization.ocr.types import Cell, PageImage, Pixels, pixels

# All sizes in pixels of the half-size page (150 dpi), on which rules are sought.
SMEAR = 10
AWAY = 3
LEAST_CONTRAST = 7
SHORTEST = 55
UNBROKEN = 0.9
THIN = 0.62
LONG_PIECE = 75
LONGEST_GAP = 300
SMALLEST_CELL = 12
LEAST_CELLS = 4

Box = tuple[int, int, int, int]


def erase_rules(page: PageImage) -> PageImage:
    """Find the cells of ruled tables and paint their rules with the colour of the paper.

    Does nothing on a page whose rules do not make cells: an underlined title stays underlined.
    """
    half = cv2.resize(page.ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    paper = int(np.median(half[::4, ::4]))
    dark = pixels(cv2.subtract(np.full_like(half, paper), half))
    down = pixels(_rules(pixels(np.ascontiguousarray(dark.T))).T)
    if not down.any():
        return page
    rules = _crossing(_rules(dark), down)
    cells = _cells(rules)
    if len(cells) < LEAST_CELLS:
        return page
    height, width = page.ink.shape
    mask = cv2.resize(
        cv2.dilate(rules, np.ones((3, 3), np.uint8)), (width, height),
        interpolation=cv2.INTER_NEAREST,
    )  # fmt: skip
    ink = page.ink.copy()
    ink[mask > 0] = paper
    return replace(page, ink=ink, cells=cells)


def _rules(dark: Pixels) -> Pixels:
    """Mask of horizontal rules: evenly dark without a gap, and lighter above and below.

    A little smear along the rule lifts a faint one out of the noise. The feet of letters make a
    row too, but an uneven one: stems rise from it, and every letter leaves a gap. Pieces long enough are then joined over the gaps that fading or a seal has left.
    """
    smeared = cv2.blur(dark, (SMEAR, 1))
    ridge = pixels((_rise(pixels(smeared)) >= LEAST_CONTRAST) * np.uint8(255))
    ridge = pixels(cv2.dilate(ridge, np.ones((3, 1), np.uint8)))
    unbroken = pixels((cv2.blur(ridge, (SHORTEST, 1)) >= UNBROKEN * 255) * np.uint8(255))
    pieces = pixels(cv2.dilate(unbroken, np.ones((1, SHORTEST), np.uint8))) & ridge
    pieces = _thin(pieces, dark)
    if not pieces.any():
        return pieces
    room = cv2.copyMakeBorder(
        pieces, 0, 0, LONGEST_GAP, LONGEST_GAP, cv2.BORDER_CONSTANT, value=(0.0,)
    )
    joined = cv2.morphologyEx(room, cv2.MORPH_CLOSE, np.ones((1, LONGEST_GAP), np.uint8))
    return pixels(joined[:, LONGEST_GAP:-LONGEST_GAP])


def _rise(dark: Pixels) -> Pixels:
    """How much darker each pixel is than those a little above and below it."""
    around = cv2.max(np.roll(dark, AWAY, axis=0), np.roll(dark, -AWAY, axis=0))
    return pixels(cv2.subtract(dark, around))


def _thin(pieces: Pixels, dark: Pixels) -> Pixels:
    """The pieces that are long, and light on both sides: from a row of letters, stems rise."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(pieces, connectivity=8)
    there = pieces > 0
    owner = labels[there]
    ink = np.bincount(owner, weights=dark[there], minlength=count)
    rise = np.bincount(owner, weights=_rise(dark)[there], minlength=count)
    long = stats[:, cv2.CC_STAT_WIDTH] >= LONG_PIECE
    keep = pixels((long & (rise >= THIN * np.maximum(ink, 1))) * np.uint8(255))
    keep[0] = 0
    return pixels(keep[labels])


def _crossing(across: Pixels, down: Pixels) -> Pixels:
    """Rules of both directions that hang together: a frame or a grid, not an underline."""
    rules = pixels(cv2.bitwise_or(across, down))
    both = cv2.dilate(rules, np.ones((5, 5), np.uint8))
    count, labels = cv2.connectedComponents(both, connectivity=8)
    used = [np.bincount(labels[mask > 0], minlength=count) > 0 for mask in (across, down)]
    keep = pixels((used[0] & used[1]) * np.uint8(255))
    keep[0] = 0
    return pixels(keep[labels] & rules)


def _cells(rules: Pixels) -> tuple[Cell, ...]:
    """Rectangles of paper enclosed by rules, in reading order, in pixels of the whole page."""
    walls = cv2.dilate(rules, np.ones((3, 3), np.uint8))
    count, _labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.bitwise_not(walls), connectivity=4
    )
    height, width = rules.shape
    boxes: list[Box] = [
        (int(x), int(y), int(w), int(h))
        for x, y, w, h, area in stats[1:count]
        if min(w, h) >= SMALLEST_CELL
        and area >= 0.85 * w * h
        and min(x, y) > 0
        and x + w < width
        and y + h < height
    ]
    ordered = [box for row in _rows(boxes) for box in sorted(row)]
    return tuple(Cell(x=2 * x, y=2 * y, w=2 * w, h=2 * h) for x, y, w, h in ordered)


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes grouped by their upper edge, which the cells of one row share."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box[1]):
        if rows and box[1] - rows[-1][0][1] < SMALLEST_CELL / 2:
            rows[-1].append(box)
        else:
            rows.append([box])
    return rows
