"""The recipe: an ordered list of steps, then the engine."""

import time
import unicodedata
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from digitization.ocr import screen, steps
from digitization.ocr.engine import BLOCK, COLUMN, Engine, Token
from digitization.ocr.leaders import erase_leaders
from digitization.ocr.order import lines_of
from digitization.ocr.second_look import second_look, without_scribble
from digitization.ocr.tables import erase_rules
from digitization.ocr.types import (
    Limits,
    PageImage,
    PageReading,
    UnreadableImage,
    Word,
    pixels,
)

cv2.setNumThreads(1)  # one process per core; threads of several would fight for them

Step = Callable[[PageImage], PageImage]

PREPARATION: Sequence[Step] = (
    steps.lift_red_ink,
    steps.deskew,
    steps.divide_background,
    steps.smooth_noise,
    erase_leaders,
    erase_rules,
)

DOUBTFUL = 60.0
SURE_TURN = 1.0
MOSTLY_TABLE = 0.3


def read_page(image: bytes, *, engine: Engine, limits: Limits | None = None) -> PageReading:
    """Read one page image (JPEG, PNG, PNM, TIFF; 300 dpi for best results).

    Raises UnreadableImage if the bytes cannot be decoded, EngineError if the engine fails or
    exceeds its limits.
    """
    started = time.monotonic()
    limits = limits or Limits()
    page = steps.flag_blank(_decoded(image, limits))
    tokens: list[Token] = []
    if not page.blank:
        page, tokens = _read_upright(page, engine, limits)
        if _looks_again(page, tokens):
            tokens = without_scribble(second_look(page, tokens, engine, limits))
    words = _words(lines_of(tokens, page.cells))
    height, width = page.ink.shape
    derivative, thumbnail = screen.pictures(page)
    return PageReading(
        text=text_of(words),
        words=words,
        width=width,
        height=height,
        rotation=page.rotation,
        skew=page.skew,
        blank=page.blank,
        mean_confidence=_mean_confidence(tokens),
        derivative=derivative,
        thumbnail=thumbnail,
        engine=engine.name,
        engine_version=engine.version,
        seconds=round(time.monotonic() - started, 3),
    )


def text_of(words: Sequence[Word]) -> str:
    """The words line by line."""
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    return "\n".join(" ".join(line) for line in lines.values())


def _read_upright(page: PageImage, engine: Engine, limits: Limits) -> tuple[PageImage, list[Token]]:
    """Prepare and read; ask which way is up only where something speaks against this way.

    Asking costs half a second of CPU on each page, a quarter of the reading. Lines that run up
    the page, letters that seem to stand on their heads, or a reading that makes no sense: these
    are the pages it can help.
    """
    asked = steps.looks_sideways(page)
    if asked:
        page = _turned_upright(page, engine, limits)
    prepared = _prepared(page)
    if not asked and steps.looks_upside_down(prepared):
        asked, page, prepared = True, *_again(page, prepared, engine, limits)
    tokens = _read(prepared, engine, limits)
    if not asked and (_mean_confidence(tokens) or 0.0) < DOUBTFUL:
        upright, again = _again(page, prepared, engine, limits)
        if upright.rotation != page.rotation:
            return again, _read(again, engine, limits)
    return prepared, tokens


def _again(
    page: PageImage, prepared: PageImage, engine: Engine, limits: Limits
) -> tuple[PageImage, PageImage]:
    """The page as the engine says it stands, and prepared again if that is another way."""
    upright = _turned_upright(page, engine, limits)
    return upright, prepared if upright.rotation == page.rotation else _prepared(upright)


def _turned_upright(page: PageImage, engine: Engine, limits: Limits) -> PageImage:
    half = cv2.resize(page.ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    turn, confidence = engine.orientation(pixels(half), limits=limits)
    return steps.turned(page, turn) if confidence > SURE_TURN else page


def _prepared(page: PageImage) -> PageImage:
    for step in PREPARATION:
        page = step(page)
    return page


def _read(page: PageImage, engine: Engine, limits: Limits) -> list[Token]:
    return engine.read([page.ink], psm=_segmentation(page), limits=limits)


def _looks_again(page: PageImage, tokens: Sequence[Token]) -> bool:
    """Not where the first look made no sense, nor on tables, whose loose ink is rules."""
    confidence = _mean_confidence(tokens)
    return confidence is not None and confidence >= DOUBTFUL and _segmentation(page) != BLOCK


def _segmentation(page: PageImage) -> int:
    """One block of lines where cells give the order anyway, else columns of varying size."""
    inside = sum(cell.w * cell.h for cell in page.cells)
    return BLOCK if inside >= MOSTLY_TABLE * page.ink.size else COLUMN


def _decoded(image: bytes, limits: Limits) -> PageImage:
    try:
        natural = cv2.imdecode(np.frombuffer(image, dtype=np.uint8), cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        raise UnreadableImage(str(error)[:200]) from error
    if natural is None:
        raise UnreadableImage("not an image")
    if natural.shape[0] * natural.shape[1] > limits.megapixels * 1_000_000:
        raise UnreadableImage("too many pixels")
    paper = pixels(natural)
    ink = paper if paper.ndim == 2 else pixels(cv2.cvtColor(paper, cv2.COLOR_BGR2GRAY))
    return PageImage(natural=paper, ink=ink)


def _words(lines: Sequence[Sequence[Token]]) -> list[Word]:
    return [
        Word(
            text=unicodedata.normalize("NFC", token.text),
            x=token.x,
            y=token.y,
            w=token.w,
            h=token.h,
            confidence=round(token.confidence, 1),
            line=number,
        )
        for number, line in enumerate(lines)
        for token in line
    ]


def _mean_confidence(tokens: Sequence[Token]) -> float | None:
    if not tokens:
        return None
    total = sum(len(token.text) for token in tokens)
    return round(sum(token.confidence * len(token.text) for token in tokens) / total, 1)
