"""What goes in and out of the recipe."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def pixels(picture: object) -> Pixels:
    """A picture as OpenCV gives it, whose type it does not tell, as 8-bit pixels."""
    return np.asarray(picture, dtype=np.uint8)


class UnreadableImage(Exception):
    """The bytes are not an image that can be decoded within the limits."""


class ExhaustedError(Exception):
    """The child process wanted more memory, time or room than it may have, and was stopped."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one page may cost.

    `seconds` is wall time of one engine call, `cpu_seconds` and `memory_mb` bind the engine's
    process, `megapixels` the image that is handed in.
    """

    seconds: int = 90
    cpu_seconds: int = 90
    memory_mb: int = 2048
    megapixels: int = 200


@dataclass(frozen=True, kw_only=True)
class Word:
    """A recognised word; its box in pixels of the upright page (`PageReading.width/height`).

    `line` counts the lines of the page from 0 in reading order; `confidence` is 0..100.
    """

    text: str
    x: int
    y: int
    w: int
    h: int
    confidence: float
    line: int


@dataclass(frozen=True, kw_only=True)
class PageReading:
    """All that one page gives. Nothing in it refers to the file the page came from.

    `rotation` is the clockwise turn (0, 90, 180, 270) that set the page upright, `skew` the
    further clockwise degrees that levelled its lines. `width` and `height` are the pixels of that
    upright, level page at the resolution that was read; word boxes are in these pixels, and the
    derivative and the thumbnail show the same page, only smaller: multiply by
    `derivative width / width`, or use percentages. A blank page has no text, no words and no
    confidence. Both pictures are JPEG.
    """

    text: str
    words: list[Word]
    width: int
    height: int
    rotation: int
    skew: float
    blank: bool
    mean_confidence: float | None
    derivative: bytes
    thumbnail: bytes
    engine: str
    engine_version: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a ruled table, in pixels of the page it was found on."""

    x: int
    y: int
    w: int
    h: int

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies in the cell."""
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


@dataclass(frozen=True, kw_only=True)
class PageImage:
    """The page on its way through the steps.

    `natural` is what people look at (grey or BGR), upright but not levelled: that is done when it
    has been shrunk. `ink` is the grey picture prepared for the engine, of the same size. `cells`
    are those of ruled tables, in reading order.
    """

    natural: Pixels
    ink: Pixels
    rotation: int = 0
    skew: float = 0.0
    blank: bool = False
    cells: tuple[Cell, ...] = ()
