"""What is burned in: there, legible in the strip, on every kind of picture; and nothing unmarked."""

from __future__ import annotations

import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.utils import translation
from PIL import Image

from security import watermark
from security.models import User
from tests.digitization.pages import LINES as SAID
from tests.digitization.pages import make_page

LINES = ["Nguyễn Thị Đặng Ương", "22/11/2026 13:05:22", "Nhật ký số 1234567"]


def picture(mode: str = "L", size: tuple[int, int] = (1600, 2262), ink: int = 250) -> bytes:
    out = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(np.full(size[::-1], ink * 257, np.uint16)).save(out, "PNG")
    else:
        Image.new("L", size, ink).convert(mode).save(out, "PNG" if mode in "1P" else "TIFF")
    return out.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "RGBA", "I;16"])
def test_every_kind_of_picture_is_marked(mode: str) -> None:
    page = picture(mode, (800, 1100))
    marked = opened(watermark.burn(page, LINES))
    assert marked.width == 800
    assert 1100 < marked.height < 1200
    grey = np.asarray(marked.convert("L"))
    assert grey[:1100].min() < 235, "across the page"
    assert grey[1100:].min() < 60, "in the strip"


@pytest.mark.parametrize("ink", [255, 250, 128, 0])
def test_the_mark_shows_on_white_grey_and_black(ink: int) -> None:
    grey = np.asarray(opened(watermark.burn(picture(ink=ink), LINES)).convert("L"))[:2262]
    assert grey.astype(int).max() - grey.astype(int).min() > 15
    quarters = [grey[y : y + 754, x : x + 800] for y in (0, 754, 1508) for x in (0, 800)]
    assert all(part.astype(int).max() - part.astype(int).min() > 15 for part in quarters)


def test_the_strip_can_be_read_by_a_machine(tmp_path: Path) -> None:
    marked = opened(watermark.burn(picture(), LINES))
    strip = marked.crop((0, 2262, 1600, marked.height)).resize((3200, (marked.height - 2262) * 2))
    strip.save(tmp_path / "strip.png")
    said = subprocess.run(
        ["tesseract", tmp_path / "strip.png", "-", "-l", "vie", "--psm", "7"],
        capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    assert "22/11/2026 13:05:22" in said
    assert "1234567" in said
    assert "Nguyễn Thị" in said


def test_the_words_of_the_page_stay_readable(tmp_path: Path) -> None:
    out = io.BytesIO()
    make_page(SAID * 4).resize((1600, 2262)).save(out, "JPEG", quality=70)
    (tmp_path / "page.jpg").write_bytes(watermark.burn(out.getvalue(), LINES))
    read = subprocess.run(
        ["tesseract", tmp_path / "page.jpg", "-", "-l", "vie", "--psm", "6"],
        capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    assert read.count("Nghị quyết số 57-NQ/TW") >= 3


@pytest.mark.parametrize("content", [b"", b"no picture", picture()[:200]])
def test_what_cannot_be_marked_is_not_given(content: bytes) -> None:
    with pytest.raises(watermark.UnreadableImageError):
        watermark.burn(content, LINES)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = io.BytesIO()
    Image.new("1", (30000, 30000)).save(bomb, "PNG")
    with pytest.raises(watermark.UnreadableImageError):
        watermark.burn(bomb.getvalue(), LINES)


def test_a_long_name_stays_on_the_strip() -> None:
    marked = opened(watermark.burn(picture(size=(700, 990)), ["Nguyễn " * 20, *LINES[1:]]))
    right = np.asarray(marked.convert("L"))[992:, -6:]
    assert right.min() > 200


def test_lines_say_who_when_and_the_number() -> None:
    now = datetime(2026, 11, 22, 6, 5, 22, tzinfo=UTC)
    with translation.override("vi"):
        lines = watermark.mark_of(User(full_name=LINES[0]), now=now, number=1234567)
    assert lines == LINES
    assert watermark.mark_of(User(username="u7"), now=now, number=1)[0] == "u7"
