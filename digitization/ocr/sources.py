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
| `no_such_page` | page | `page_image` only |
| `page_unreadable` | page | `page_image` only: this page defeats every decoder within limits |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digitization.ocr import pdf_pages, raster_pages
from digitization.ocr.refusal import MAX_PAGES, RefusedFile
from digitization.ocr.types import Limits

__all__ = ["MAX_PAGES", "Kind", "RefusedFile", "SourceInfo", "inspect", "page_image"]

Kind = Literal["pdf", "tiff", "jpeg", "png"]

MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", "pdf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
)
PDF_HEADER_WITHIN = 1024


@dataclass(frozen=True, kw_only=True)
class SourceInfo:
    """What a file is, and how many pages it has."""

    kind: Kind
    pages: int


def inspect(path: Path) -> SourceInfo:
    """Parse the whole file; its kind and number of pages, or RefusedFile."""
    kind = _kind_of(path)
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
    kind = _kind_of(path)
    if kind == "pdf":
        return pdf_pages.image(path, page_no, dpi=dpi, limits=limits)
    return raster_pages.image(path, page_no, dpi=dpi)


def _kind_of(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(PDF_HEADER_WITHIN)
    if not head:
        raise RefusedFile("empty")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if b"%PDF-" in head:  # readers accept rubbish before the header, and some scanners write it
        return "pdf"
    raise RefusedFile("not_a_scan")
