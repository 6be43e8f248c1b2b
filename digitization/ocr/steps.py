"""The steps that prepare a page, each a small function `PageImage -> PageImage`.

Sizes are in pixels at 300 dpi. The numbers were measured on scans of office papers; each step
leaves alone what it cannot tell.
"""

from dataclasses import replace

import cv2
import numpy as np

from digitization.ocr.types import PageImage, Pixels, pixels

BLANK_SHARE = 3e-4
STROKE = -12
LEAST_SKEW = 0.15
NOISY = 2.6
UPSIDE_DOWN = 0.04
RED = 40
RED_SHARE = 3e-4


def flag_blank(page: PageImage) -> PageImage:
    """Blank is a page without sharp strokes, however dark or stained it is.

    Strokes are sought in a difference of Gaussians on half size, with 6 % of each side cut off. A
    test of darkness would throw away faded pages and keep the back of thin paper.
    """
    half = cv2.resize(page.ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = half.shape
    top, left = int(height * 0.06), int(width * 0.06)
    inner = half[top : height - top, left : width - left].astype(np.float32)
    strokes = cv2.GaussianBlur(inner, (0, 0), 1) - cv2.GaussianBlur(inner, (0, 0), 2.5)
    share = float(np.mean(strokes < STROKE)) if strokes.size else 0.0
    return replace(page, blank=share < BLANK_SHARE)


def lift_red_ink(page: PageImage) -> PageImage:
    """Look through red filter glass where there is red ink: a seal no longer covers the writing.

    Only there: on the rest of the page the red channel is noisier than the grey of all three.
    """
    if page.natural.ndim == 2:
        return page
    small = cv2.resize(page.natural, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blue, green, red = (small[:, :, channel].astype(np.int16) for channel in range(3))
    is_red = red - np.maximum(blue, green) > RED
    if float(np.mean(is_red)) < RED_SHARE:
        return page
    near = cv2.dilate(pixels(is_red * np.uint8(255)), np.ones((5, 5), np.uint8))
    height, width = page.ink.shape
    mask = cv2.resize(near, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    ink = page.ink.copy()
    ink[mask] = page.natural[:, :, 2][mask]
    return replace(page, ink=ink)


def turned(page: PageImage, clockwise: int) -> PageImage:
    """The page turned by 0, 90, 180 or 270 degrees."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if clockwise not in codes:
        return page
    code = codes[clockwise]
    return replace(
        page,
        natural=pixels(cv2.rotate(page.natural, code)),
        ink=pixels(cv2.rotate(page.ink, code)),
        rotation=(page.rotation + clockwise) % 360,
    )


def looks_sideways(page: PageImage) -> bool:
    """Whether lines of writing seem to run up or down the page."""
    small = _thumbnail(page.ink, 800)
    return _line_score(small.T) > 1.3 * _line_score(small)


def looks_upside_down(page: PageImage) -> bool:
    """Whether the lines of a prepared page seem to stand on their heads.

    Writing ends sharply at its base line and frays out above, where ascenders and marks are: down
    an upright page, the ink of the rows falls in greater steps than it rises.
    """
    small = _thumbnail(page.ink, 1000)
    edge = len(small) // 25
    falls = -np.diff(small[edge:-edge, edge:-edge].sum(axis=1, dtype=np.float64))
    cubes = falls**3
    return float(cubes.sum()) < -UPSIDE_DOWN * float(np.abs(cubes).sum())


def deskew(page: PageImage) -> PageImage:
    """Level the lines: the angle at which rows of ink stand out most, within 3.4 degrees."""
    small = _thumbnail(page.ink, 1000)
    coarse = max(np.arange(-3.0, 3.01, 0.5), key=lambda angle: _score_at(small, angle))
    fine = max(
        np.arange(coarse - 0.4, coarse + 0.41, 0.1), key=lambda angle: _score_at(small, angle)
    )
    if abs(fine) <= LEAST_SKEW:
        return page
    return replace(page, ink=tilted(page.ink, fine), skew=round(float(fine), 2))


def divide_background(page: PageImage) -> PageImage:
    """Flatten paper, shade and show-through: divide by the paper as seen without its ink."""
    small = cv2.resize(page.ink, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((9, 9), np.uint8))
    paper = cv2.GaussianBlur(cv2.medianBlur(paper, 21), (0, 0), 8)
    height, width = page.ink.shape
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return replace(page, ink=pixels(cv2.divide(page.ink, paper, scale=255)))


def smooth_noise(page: PageImage) -> PageImage:
    """Take the edge off grain, on pages that have it: sharp pages lose by smoothing."""
    if noise_of(page.ink) < NOISY:
        return page
    return replace(page, ink=pixels(cv2.GaussianBlur(page.ink, (0, 0), 0.8)))


def noise_of(grey: Pixels) -> float:
    """Standard deviation of the grain, from neighbours on mostly empty paper."""
    steps = np.abs(np.diff(grey[::8].astype(np.int16), axis=1))
    return 1.05 * float(np.median(steps))


def _thumbnail(grey: Pixels, longest: int) -> Pixels:
    scale = longest / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    dark = cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, np.ones((9, 9), np.uint8))
    return pixels(dark)


def _line_score(dark: Pixels) -> float:
    rows = dark.sum(axis=1, dtype=np.float64)
    return float(np.square(np.diff(rows)).sum()) / float(dark.shape[1]) ** 2


def _score_at(dark: Pixels, degrees: float) -> float:
    return _line_score(tilted(dark, degrees, paper=0, fast=True))


def tilted(
    picture: Pixels, clockwise: float, *, paper: int | None = None, fast: bool = False
) -> Pixels:
    """The picture turned by a small angle about its centre, corners filled with paper."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise, 1.0)
    fill = float(np.median(picture[::8, ::8])) if paper is None else float(paper)
    flags = cv2.INTER_LINEAR if fast else cv2.INTER_CUBIC
    turned_picture = cv2.warpAffine(
        picture, matrix, (width, height), flags=flags, borderValue=(fill, fill, fill)
    )
    return pixels(turned_picture)
