"""Pages of a PDF: checked with pikepdf, taken out as they are or drawn by poppler."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pdf2image
import pikepdf

from digitization.ocr import pdf_checks, pdf_scan
from digitization.ocr.engine import LAUNCHERS, child_limits
from digitization.ocr.refusal import MAX_PAGES, RefusedFile, check_page_size
from digitization.ocr.types import Limits


def count(path: Path) -> int:
    """Number of pages of a PDF that may come in, or RefusedFile."""
    with _opened(path) as pdf:
        pages = len(pdf.pages)
        if pages > MAX_PAGES:
            raise RefusedFile("too_many_pages", pages=pages, limit=MAX_PAGES)
        for number, page in enumerate(pdf.pages, start=1):
            _check_page(number, page)
        pdf_checks.check(pdf)
        return pages


def image(path: Path, page_no: int, *, dpi: int, limits: Limits) -> bytes:
    """One page as an image: its own scan where the page is nothing else, else drawn."""
    with _opened(path) as pdf:
        if not 1 <= page_no <= len(pdf.pages):
            raise RefusedFile("no_such_page", page=page_no)
        page = pdf.pages[page_no - 1]
        _check_page(page_no, page)
        scan = pdf_scan.only_image(page, dpi=dpi, megapixels=limits.megapixels)
    return scan if scan is not None else _drawn(path, page_no, dpi=dpi, limits=limits)


@contextmanager
def _opened(path: Path) -> Iterator[pikepdf.Pdf]:
    """The PDF without any repair: a repaired file may have lost pages without a word."""
    try:
        with pikepdf.open(path, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise RefusedFile("encrypted")
            yield pdf
    except (RefusedFile, MemoryError):
        raise
    except pikepdf.PasswordError as error:
        raise RefusedFile("encrypted") from error
    except Exception as error:
        raise RefusedFile("damaged") from error


def _check_page(number: int, page: pikepdf.Page) -> None:
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    unit = float(page.obj.get("/UserUnit", 1))
    check_page_size(number, abs(right - left) * unit, abs(top - bottom) * unit)


def _drawn(path: Path, page_no: int, *, dpi: int, limits: Limits) -> bytes:
    """The page as poppler draws it, in a child process with limits."""
    with tempfile.TemporaryDirectory(prefix="pages-") as room, child_limits(limits):
        try:
            files = pdf2image.convert_from_path(
                path.absolute(), dpi=dpi, first_page=page_no, last_page=page_no, fmt="ppm",
                output_folder=room, paths_only=True, timeout=limits.seconds, use_cropbox=True,
                poppler_path=str(LAUNCHERS),
            )  # fmt: skip
            return Path(str(files[0])).read_bytes()
        except Exception as error:
            raise RefusedFile("page_unreadable", page=page_no) from error
