"""Pages of a TIFF (its frames), JPEG or PNG (one), with Pillow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from digitization.ocr.pdf_scan import CLOSE_ENOUGH, pnm
from digitization.ocr.refusal import (
    MAX_MEGAPIXELS,
    MAX_PAGES,
    RefusedFile,
    check_page_size,
)

# Pillow warns above this many pixels and refuses above twice as many.
Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000
FORMATS = ("TIFF", "JPEG", "PNG", "MPO")
MAX_GIGAPIXELS = 25  # of all frames; 2 000 pages A4 at 300 dpi are 17
LEAST_DPI, MOST_DPI = 100, 1300
A4_LONG_INCHES = 11.69


def count(path: Path) -> int:
    """Number of frames, each of them decoded once, or RefusedFile."""
    with _opened(path) as picture:
        frames = _frames(picture)
        if frames > MAX_PAGES:
            raise RefusedFile("too_many_pages", pages=frames, limit=MAX_PAGES)
        _check_sum(picture, frames)
        for number in range(frames):
            _load(picture, number)
        return frames


def image(path: Path, page_no: int, *, dpi: int) -> bytes:
    """One frame at about `dpi`, turned as its EXIF says, as PNM."""
    try:
        with _opened(path) as picture:
            if not 1 <= page_no <= _frames(picture):
                raise RefusedFile("no_such_page", page=page_no)
            _load(picture, page_no - 1)
            across, down = _resolution(picture)
            flat = _flat(ImageOps.exif_transpose(picture))
            if picture.getexif().get(0x0112, 1) >= 5:
                across, down = down, across
            return pnm(_pixels(_scaled(flat, dpi / across, dpi / down)))
    except RefusedFile as refusal:
        if refusal.code == "damaged":
            raise RefusedFile("page_unreadable", page=page_no) from refusal
        raise


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture; whatever Pillow finds wrong becomes RefusedFile.

    Sizes are checked by ``_load`` before a pixel is decoded. Pillow's own bomb warning is an error
    in the limited process (`nursery`); here it would be one for other threads too.
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            yield picture
    except (RefusedFile, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedFile("page_too_large", page=1) from error
    except Exception as error:
        raise RefusedFile("damaged") from error


def _frames(picture: Image.Image) -> int:
    """Pages: only TIFF has several; the second picture of a phone's MPO is not a page."""
    return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def _check_sum(picture: Image.Image, frames: int) -> None:
    """Refuse more pixels than the fullest file of scans has, before any is decoded."""
    pixels = 0
    for number in range(frames):
        if picture.format == "TIFF":
            picture.seek(number)
        pixels += picture.width * picture.height
    if pixels > MAX_GIGAPIXELS * 1_000_000_000:
        raise RefusedFile("too_demanding")


def _load(picture: Image.Image, number: int) -> None:
    if number or picture.format == "TIFF":
        picture.seek(number)
    if picture.width * picture.height > MAX_MEGAPIXELS * 1_000_000:
        raise RefusedFile("page_too_large", page=number + 1)
    across, down = _resolution(picture)
    check_page_size(number + 1, picture.width / across * 72, picture.height / down * 72)
    picture.load()


def _resolution(picture: Image.Image) -> tuple[float, float]:
    """Dots per inch across and down; a picture that does not say is taken for a whole A4 page."""
    try:
        across, down = (float(value) for value in picture.info["dpi"])
    except (KeyError, TypeError, ValueError):
        across = down = 0.0
    if all(LEAST_DPI - 5 <= value <= MOST_DPI for value in (across, down)):
        return across, down
    guess = max(LEAST_DPI, min(MOST_DPI, max(picture.size) / A4_LONG_INCHES))
    return guess, guess


def _flat(picture: Image.Image) -> Image.Image:
    """Grey or RGB, transparent parts on white paper."""
    if picture.mode in {"1", "L"}:
        return picture.convert("L")
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = np.asarray(picture, dtype=np.float64)
        top = 65535 if grey.max(initial=0) > 255 else 255
        return Image.fromarray((grey * (255 / top)).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return picture.convert("RGB")


def _scaled(picture: Image.Image, across: float, down: float) -> Image.Image:
    if abs(across - 1) < CLOSE_ENOUGH and abs(down - 1) < CLOSE_ENOUGH:
        return picture
    size = (max(1, round(picture.width * across)), max(1, round(picture.height * down)))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _pixels(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = np.asarray(picture, dtype=np.uint8)
    return np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.ndim == 3 else pixels
