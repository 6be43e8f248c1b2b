"""Pages out of an uploaded file.

`inspect` decides whether a file may come in at all, `page_image` gives one of its pages at a
given resolution. Both read the file and never write to it. Whatever is wrong with a file, the only
error they raise for it is RefusedFile, whose `code` the caller turns into a sentence:

| code | params | means |
|---|---|---|
| `empty` | | no bytes |
| `not_a_scan` | | neither PDF nor TIFF, JPEG or PNG, by content and not by name |
| `encrypted` | | PDF with any encryption, even with an empty password |
| `damaged` | | truncated, or its structure cannot be read as it stands |
| `no_pages` | | a PDF without pages |
| `too_many_pages` | pages, limit | more than 2 000 pages |
| `page_too_large` | page | side over 5 m, or over 200 megapixels at 300 dpi |
| `active_content` | | PDF with JavaScript, launch actions, embedded files or the like |
| `reaches_out` | | PDF that points to other files, or opens addresses by itself |
| `too_demanding` | | unfolds, nests or repeats beyond any scan, or took too much to look into |
| `two_kinds` | | also an archive, a web page or a PDF, for other programs |
| `bad_ending` | | `check_ending` only: the name ends like no scan |
| `wrong_ending` | | `check_ending` only: a picture that calls itself a PDF, or the reverse |
| `no_such_page` | page | `page_image` only |
| `page_unreadable` | page | `page_image` only: this page defeats every decoder within limits |
"""

from dataclasses import dataclass
from pathlib import Path

from digitization.ocr import pdf_pages, raster_pages
from digitization.ocr.kinds import Kind, check_ending, kind_of
from digitization.ocr.refusal import MAX_PAGES, RefusedFile
from digitization.ocr.types import Limits

__all__ = [
    "MAX_PAGES",
    "Kind",
    "RefusedFile",
    "SourceInfo",
    "check_ending",
    "inspect",
    "page_image",
]


@dataclass(frozen=True, kw_only=True)
class SourceInfo:
    """What a file is, and how many pages it has."""

    kind: Kind
    pages: int


def inspect(path: Path) -> SourceInfo:
    """Parse the whole file; its kind and number of pages, or RefusedFile."""
    kind = kind_of(path)
    count = pdf_pages.count(path) if kind == "pdf" else raster_pages.count(path)
    if count == 0:
        raise RefusedFile("no_pages")
    if count > MAX_PAGES:
        raise RefusedFile("too_many_pages", pages=count, limit=MAX_PAGES)
    return SourceInfo(kind=kind, pages=count)


def page_image(path: Path, page_no: int, *, dpi: int = 300, limits: Limits | None = None) -> bytes:
    """Page `page_no` (from 1) as JPEG or PNM at `dpi`, for `read_page`.

    Raises RefusedFile with `no_such_page` or `page_unreadable`.
    """
    limits = limits or Limits()
    kind = kind_of(path)
    if kind == "pdf":
        return pdf_pages.image(path, page_no, dpi=dpi, limits=limits)
    return raster_pages.image(path, page_no, dpi=dpi)
