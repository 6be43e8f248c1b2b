"""Reading a page image: the recipe, its engine, and the files that pages come from.

Pure: nothing here knows Django, the database or the queue. Callers use :func:`read_page`,
:class:`TesseractEngine` and the modules :mod:`digitization.ocr.sources` and
:mod:`digitization.ocr.fields`.
"""

from digitization.ocr.engine import Engine, EngineError, TesseractEngine
from digitization.ocr.recipe import read_page
from digitization.ocr.types import Limits, PageReading, UnreadableImage, Word

__all__ = [
    "Engine",
    "EngineError",
    "Limits",
    "PageReading",
    "TesseractEngine",
    "UnreadableImage",
    "Word",
    "read_page",
]
