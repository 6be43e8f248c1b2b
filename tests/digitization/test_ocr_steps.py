"""The steps of the recipe, each on pages drawn for it."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitization.ocr import steps
from digitization.ocr.leaders import erase_leaders
from digitization.ocr.tables import erase_rules
from digitization.ocr.types import Pixels, pixels
from tests.digitization.pages import A4, grainy, make_page, make_page_image


def _stained() -> Image.Image:
    page = Image.new("L", A4, 225)
    ImageDraw.Draw(page).ellipse((600, 900, 1700, 2100), fill=175)
    return page.resize((248, 351)).resize(A4, Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("page", "blank"),
    [
        (Image.new("L", A4, 250), True),
        (grainy(Image.new("L", A4, 240), 6), True),
        (_stained(), True),
        (make_page(), False),
        (make_page(("Một dòng chữ.",) * 3), False),
        (make_page(ink=195, paper=245), False),
    ],
    ids=["white", "grain", "stain", "written", "three lines", "faded"],
)
def test_blank_is_a_page_without_strokes_however_dark(page: Image.Image, blank: bool) -> None:
    assert steps.flag_blank(make_page_image(page)).blank is blank


@settings(max_examples=8, deadline=None)
@given(angle=st.floats(-2.9, 2.9))
def test_deskew_levels_a_page_within_a_fifth_of_a_degree(angle: float) -> None:
    page = make_page().reduce(2).rotate(angle, Image.Resampling.BICUBIC, fillcolor=250)

    levelled = steps.deskew(make_page_image(page))

    assert levelled.skew == pytest.approx(angle, abs=0.2)


def test_deskew_leaves_a_level_page_as_it_is() -> None:
    page = make_page_image(make_page())

    assert steps.deskew(page) is page


@pytest.mark.parametrize("clockwise", [0, 90, 180, 270])
def test_turns_add_up_to_the_upright_page(clockwise: int) -> None:
    page = make_page_image(make_page())

    there = steps.turned(page, clockwise)
    back = steps.turned(there, (360 - clockwise) % 360)

    assert there.rotation == clockwise
    assert back.rotation == 0
    assert np.array_equal(back.ink, page.ink)


@pytest.mark.parametrize(("clockwise", "sideways"), [(0, False), (90, True), (180, False)])
def test_lines_that_run_up_the_page_are_noticed(clockwise: int, sideways: bool) -> None:
    page = steps.turned(make_page_image(make_page()), clockwise)

    assert steps.looks_sideways(page) is sideways


@pytest.mark.parametrize("clockwise", [0, 180])
def test_letters_on_their_heads_are_noticed(clockwise: int) -> None:
    page = steps.turned(make_page_image(make_page()), clockwise)

    assert steps.looks_upside_down(page) is (clockwise == 180)


def test_background_becomes_white_and_writing_stays() -> None:
    shade = np.tile(np.linspace(0.55, 1.0, A4[0]), (A4[1], 1))
    page = Image.fromarray((np.asarray(make_page()) * shade).astype(np.uint8))

    flat = steps.divide_background(make_page_image(page)).ink

    assert flat[2000:3000].min() > 240
    assert flat[300:900].min() < 60


def test_grain_is_smoothed_and_a_sharp_page_is_not() -> None:
    sharp, rough = make_page_image(make_page()), make_page_image(grainy(make_page(), 14))

    assert steps.smooth_noise(sharp) is sharp
    assert steps.noise_of(steps.smooth_noise(rough).ink) < steps.noise_of(rough.ink) / 2


def test_red_ink_is_lifted_only_where_it_is() -> None:
    page = make_page().convert("RGB")
    plain = make_page_image(page)
    ImageDraw.Draw(page).ellipse((400, 350, 900, 850), outline=(200, 30, 40), width=14)
    sealed = make_page_image(page)

    lifted = steps.lift_red_ink(sealed)

    assert steps.lift_red_ink(plain) is plain
    ring = plain.ink > 200
    assert lifted.ink[300:900, 350:950][ring[300:900, 350:950]].min() > 150
    assert np.array_equal(lifted.ink[2000:], sealed.ink[2000:])


def _form_line(*, value: str, top: int = 600) -> Image.Image:
    page = make_page(())
    draw = ImageDraw.Draw(page)
    for x in range(706, 2200, 13):
        draw.ellipse((x, top + 52, x + 4, top + 56), fill=60)
    return _with_value(page, value, top)


def _with_value(page: Image.Image, value: str, top: int) -> Image.Image:
    written = make_page((value,)).crop((250, 300, 1900, 400))
    darker = np.minimum(
        np.asarray(page)[top : top + 100, 720:2370], np.asarray(written, dtype=np.uint8)
    )
    array = np.asarray(page).copy()
    array[top : top + 100, 720:2370] = darker
    return Image.fromarray(array)


def test_leader_goes_and_dau_nang_stays() -> None:
    # Given the same words with and without a dotted leader under them
    words = "Phạm Thị Lộc, Đức Thọ."
    dotted = make_page_image(_form_line(value=words))
    clean = make_page_image(_with_value(make_page(()), words, 600))

    # When the leader is erased
    ink = erase_leaders(dotted).ink

    # Then no dot is left where there is no writing, and each small mark of the words is there
    assert ink[640:670, 1400:2300].min() > 200
    dark = clean.ink < 128
    kept = (ink < 160) & dark
    assert kept.sum() > 0.97 * dark.sum()
    marks = list(_small_marks(clean.ink))
    assert len(marks) == 5  # four dấu nặng and the full stop
    for mark in marks:
        assert (kept & mark).sum() > 0.8 * mark.sum()


def _small_marks(ink: Pixels) -> Iterator[NDArray[np.bool_]]:
    dark = pixels((ink < 128) * np.uint8(255))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(dark)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_HEIGHT] <= 11 and centres[label, 1] > 645:
            yield labels == label


def test_full_stops_and_dotted_letters_are_no_leader() -> None:
    page = make_page_image(make_page(("i.i.i.i.i. . . a. b. c. d. e. g.", "Thị xã Bỉm Sơn.")))

    assert erase_leaders(page) is page


def _table(*, ink: int = 60) -> Image.Image:
    page = make_page(())
    draw = ImageDraw.Draw(page)
    for x in (300, 800, 1500, 2200):
        draw.line((x, 500, x, 1100), fill=ink, width=4)
    for y in range(500, 1101, 150):
        draw.line((300, y, 2200, y), fill=ink, width=4)
    return page


@pytest.mark.parametrize("ink", [40, 180, 225])
def test_cells_of_a_ruled_table_are_found_in_reading_order(ink: int) -> None:
    page = erase_rules(make_page_image(_table(ink=ink)))

    assert len(page.cells) == 12
    assert page.cells[0].holds(550, 575)
    assert page.cells[1].holds(1150, 575)
    assert page.cells[3].holds(550, 725)
    assert (page.ink[450:1150] < 240).mean() < 0.001


def test_writing_and_underlines_are_no_table() -> None:
    written = make_page()
    ImageDraw.Draw(written).line((250, 1500, 1700, 1500), fill=30, width=4)
    page = make_page_image(written)

    assert erase_rules(page) is page
