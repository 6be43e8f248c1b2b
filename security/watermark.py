"""Who took this picture away, burned into its pixels: for download, print and export.

On the screen an overlay says the same (``templates/security/_watermark.html``).
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont, ImageOps

from security.models import User

FONT = "static/vendor/be-vietnam-pro/be-vietnam-pro-{}-600-normal.woff2"
ANGLE = 30  # degrees; scans have hardly any strokes along it, so it hides no word
INK, HALO = 56, 40  # of 255: dark on paper, and light beside it for pages that are black
QUALITY = 80
# Letters of the second file; the same ranges as its style sheet names.
_VIETNAMESE = frozenset(
    [
        *map(chr, (0x102, 0x103, 0x110, 0x111, 0x128, 0x129, 0x168, 0x169, 0x1A0, 0x1A1)),
        *map(chr, (0x1AF, 0x1B0, 0x20AB)),
        *map(chr, range(0x1EA0, 0x1EFA)),
    ]
)

LETTER = 8  # pixels that a letter of the overlay takes on the screen, about


class UnreadableImageError(Exception):
    """These bytes are no picture that can be marked; nothing of it may be given out unmarked."""


def mark_of(user: User, *, now: datetime, number: int) -> list[str]:
    """Who, when, and the number of the row of the trail that says the rest."""
    at = timezone.localtime(now).strftime("%d/%m/%Y %H:%M:%S")
    return [user.full_name or user.username, at, _("Log no. %(number)s") % {"number": number}]


def tile_width(lines: Sequence[str]) -> int:
    """Width of the overlay's tile: the longest line and some room."""
    return max(map(len, lines), default=0) * LETTER + 64


def burn(image: bytes, lines: Sequence[str]) -> bytes:
    """The picture as JPEG with the lines across it, and once more, plainly, in a strip below.

    image: whatever Pillow reads. lines: who, when, number of the trail; short ones. The page keeps
    its width; the strip makes it a little higher, so that it covers nothing.
    Raises UnreadableImageError.
    """
    page = _opened(image)
    said = [unicodedata.normalize("NFC", line) for line in lines if line]
    size = max(11, min(page.size) // 64)
    cover = _cover(page.size, _tile(said, size))
    page.paste(_grey(page.mode, 255), (max(1, size // 16),) * 2, cover.point(_times(HALO)))
    page.paste(_grey(page.mode, 0), (0, 0), cover.point(_times(INK)))
    out = io.BytesIO()
    _with_strip(page, said, size).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _opened(image: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(image)) as opened:
            upright = ImageOps.exif_transpose(opened)
            return upright.convert("L" if upright.mode in {"1", "L"} else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableImageError from error


def _tile(lines: Sequence[str], size: int) -> Image.Image:
    """The lines one under the other, turned; with room around them. White on black."""
    widths = [_length(line, size) for line in lines]
    flat = Image.new("L", (int(max(widths, default=1)) + size * 4, size * 2 * len(lines) + size))
    for at, line in enumerate(lines):
        _write(flat, (size * 2, size * 2 * at + size // 2), line, size, 255)
    return flat.rotate(ANGLE, Image.Resampling.BICUBIC, expand=True)


def _cover(size: tuple[int, int], tile: Image.Image) -> Image.Image:
    """The tile all over the page, every other row moved by half."""
    cover = Image.new("L", size)
    across, down = tile.width * 3 // 4, tile.height
    for row, y in enumerate(range(-down // 3, size[1], down)):
        for x in range(-across // 3 - across // 2 * (row % 2), size[0], tile.width):
            cover.paste(tile, (x, y), tile)
    return cover


def _with_strip(page: Image.Image, lines: Sequence[str], size: int) -> Image.Image:
    """All lines in one row below the page; one row each where that would be too long."""
    room = page.width - size * 2
    rows = [" · ".join(lines)]
    if _length(rows[0], size) > room:
        rows = list(lines)
    whole = Image.new(
        page.mode, (page.width, page.height + size * 2 * len(rows)), _grey(page.mode, 255)
    )
    whole.paste(page, (0, 0))
    for at, row in enumerate(rows):
        fitting = next((n for n in range(size, 6, -1) if _length(row, n) <= room), 6)
        below = page.height + size * 2 * at + size // 3
        _write(whole, (size, below), row, fitting, _grey(page.mode, 0))
    return whole


def _write(
    on: Image.Image, at: tuple[float, int], text: str, size: int, ink: int | tuple[int, ...]
) -> None:
    draw, x = ImageDraw.Draw(on), at[0]
    for font, run in _runs(text, size):
        draw.text((x, at[1] + size), run, ink, font, anchor="ls")
        x += font.getlength(run)


def _length(text: str, size: int) -> float:
    return sum(font.getlength(run) for font, run in _runs(text, size))


def _runs(text: str, size: int) -> list[tuple[ImageFont.FreeTypeFont, str]]:
    """The family comes in two files: plain Latin letters, and those of Vietnamese alone."""
    return [
        (_font("vietnamese" if own else "latin", size), "".join(run))
        for own, run in groupby(text, _VIETNAMESE.__contains__)
    ]


@lru_cache(maxsize=64)
def _font(part: str, size: int) -> ImageFont.FreeTypeFont:
    path = Path(settings.BASE_DIR) / FONT.format(part)
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def _grey(mode: str, value: int) -> int | tuple[int, ...]:
    return value if mode == "L" else (value,) * 3


def _times(strength: int) -> list[int]:
    return [value * strength // 255 for value in range(256)]
