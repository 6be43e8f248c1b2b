"""Whole pages read with Tesseract, and what happens when it cannot."""

import io
import os
import subprocess
import tempfile
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein

from config.bench.ocr import distance, normal
from digitization.ocr import EngineError, Limits, TesseractEngine, UnreadableImage, read_page
from digitization.ocr.engine import COLUMN, LAUNCHERS, child_limits
from digitization.ocr.second_look import second_look
from tests.digitization.pages import A4, LINES, as_jpeg, grainy, make_page, make_page_image

pytestmark = pytest.mark.ocr

TEXT = normal("\n".join(LINES))


def _error_rate(text: str) -> float:
    return Levenshtein.distance(TEXT, normal(text)) / len(TEXT)


def test_a_page_gives_text_words_and_pictures() -> None:
    reading = read_page(as_jpeg(make_page()), engine=TesseractEngine())

    assert _error_rate(reading.text) < 0.02
    assert unicodedata.is_normalized("NFC", reading.text)
    assert (reading.width, reading.height) == A4
    assert (reading.rotation, reading.skew, reading.blank) == (0, 0.0, False)
    assert reading.mean_confidence is not None
    assert reading.mean_confidence > 85
    assert reading.engine == "tesseract"
    assert reading.engine_version.endswith("/vie")
    assert Image.open(io.BytesIO(reading.derivative)).width == 1600
    assert Image.open(io.BytesIO(reading.thumbnail)).width == 240


def test_boxes_lie_on_the_words_in_reading_order() -> None:
    reading = read_page(as_jpeg(make_page()), engine=TesseractEngine())

    first = reading.words[0]
    assert first.text == "ĐẢNG"
    assert first.x == pytest.approx(250, abs=12)
    assert 300 <= first.y + first.h / 2 <= 370
    assert [word.line for word in reading.words] == sorted(word.line for word in reading.words)
    assert reading.words[-1].line == len(LINES) - 1


@pytest.mark.parametrize("clockwise", [90, 180])
def test_turned_and_skewed_page_is_set_upright(clockwise: int) -> None:
    page = make_page().rotate(1.4, Image.Resampling.BICUBIC, fillcolor=250)
    page = page.rotate(clockwise, expand=True)

    reading = read_page(as_jpeg(page), engine=TesseractEngine())

    assert reading.rotation == clockwise
    assert reading.skew == pytest.approx(1.4, abs=0.2)
    assert reading.height > reading.width
    assert _error_rate(reading.text) < 0.02


def test_faded_and_grainy_page_is_read() -> None:
    page = grainy(make_page(ink=150, paper=235), 10)

    assert _error_rate(read_page(as_jpeg(page), engine=TesseractEngine()).text) < 0.03


def test_blank_page_invents_nothing_and_asks_no_engine() -> None:
    reading = read_page(as_jpeg(grainy(Image.new("L", A4, 238), 5)), engine=TesseractEngine())

    assert reading.blank
    assert (reading.text, reading.words, reading.mean_confidence) == ("", [], None)
    assert reading.seconds < 3


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe0 cut"])
def test_what_is_no_image_is_said_so(content: bytes) -> None:
    with pytest.raises(UnreadableImage):
        read_page(content, engine=TesseractEngine())


def test_image_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableImage):
        read_page(as_jpeg(make_page()), engine=TesseractEngine(), limits=Limits(megapixels=5))


@pytest.mark.parametrize("limits", [Limits(seconds=1), Limits(memory_mb=60)])
def test_engine_beyond_its_limits_is_stopped_and_leaves_nothing(
    limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lines = tuple("Căn cứ Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ" for _ in range(28))
    page = as_jpeg(make_page(lines))
    before = time.monotonic()

    with pytest.raises(EngineError):
        read_page(page, engine=_SlowEngine() if limits.seconds == 1 else TesseractEngine(),
                  limits=limits)  # fmt: skip

    assert time.monotonic() - before < 15
    assert list(tmp_path.iterdir()) == []


class _SlowEngine(TesseractEngine):
    """Tesseract on nine copies of the page: longer than any limit of these tests."""

    def read(self, pictures, *, psm, limits):  # type: ignore[no-untyped-def]
        return super().read(list(pictures) * 9, psm=psm, limits=limits)


def test_child_gets_its_limits_and_one_thread() -> None:
    with child_limits(Limits(memory_mb=512, cpu_seconds=7)):
        shown = subprocess.run(
            ["sh", "-c", f'. "{LAUNCHERS}/limits.sh"; ulimit -v; ulimit -t; echo $OMP_THREAD_LIMIT'],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip

    assert shown == [str(512 * 1024), "7", "1"]
    assert "OCR_CHILD_MEMORY_KB" not in os.environ


def test_own_distance_is_that_of_the_library() -> None:
    pairs = [("", "abc"), ("abc", ""), ("Đảng viên", "Dảng vien số"), (TEXT, TEXT[::-1])]

    assert [distance(a, b) for a, b in pairs] == [Levenshtein.distance(a, b) for a, b in pairs]


def test_second_look_finds_the_line_that_was_skipped() -> None:
    engine, limits = TesseractEngine(), Limits()
    page = make_page_image(make_page())
    tokens = engine.read([page.ink], psm=COLUMN, limits=limits)
    skipped = [token for token in tokens if 500 < token.y < 600]
    rest = [token for token in tokens if token not in skipped]

    found = second_look(page, rest, engine, limits)

    assert [token.text for token in found] == [token.text for token in tokens]
    for one, other in zip(found, tokens, strict=True):
        assert (one.x, one.y) == pytest.approx((other.x, other.y), abs=6)


def test_second_look_leaves_alone_what_shows_through() -> None:
    engine, limits = TesseractEngine(), Limits()
    page = make_page(LINES[:3])
    ghost = make_page(("",) * 4 + LINES[3:], ink=185)
    both = make_page_image(Image.fromarray(np.minimum(np.asarray(page), np.asarray(ghost))))
    tokens = engine.read([make_page_image(page).ink], psm=COLUMN, limits=limits)

    assert second_look(both, tokens, engine, limits) == tokens
