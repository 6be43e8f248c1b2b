"""Reading a page image: the recipe, its engine, and the files that pages come from.

Pure: nothing here knows Django, the database or the queue. For files that
somebody sent, callers use :mod:`digitization.ocr.children`, which does in limited processes what
:mod:`digitization.ocr.sources` and :func:`read_page` do; :mod:`digitization.ocr.fields` finds values.
"""

from digitization.ocr.engine import Engine, EngineError, TesseractEngine
from digitization.ocr.recipe import read_page
from digitization.ocr.types import ExhaustedError, Limits, PageReading, UnreadableImage, Word

__all__ = [
    "Engine",
    "EngineError",
    "ExhaustedError",
    "Limits",
    "PageReading",
    "TesseractEngine",
    "UnreadableImage",
    "Word",
    "read_page",
]
