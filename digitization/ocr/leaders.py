"""Erase dotted leaders, the rows of dots that a form is filled in on.

Layout analysis drops a whole line of writing for them. What must stay are the other small marks
near the base line, above all dấu nặng and full stops: they are bigger than the dots of a leader,
or lie off its line, or do not come in regular rows.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from digitization.ocr.types import PageImage, Pixels, pixels

LEAST_DOTS = 8
LARGEST_DOT = 11  # pixels, side of the box
WIDEST_GAP = 32
OFF_LINE = 2.0
OFF_BEAT = 2.5
BIGGER = 1.8
REGULAR = 0.55
TALLEST_RUN = 24
SQUEEZE = 4  # columns taken together where only nearness counts
SMOOTHING = 0.8
FARTHEST = 200
MOST_MISSES = 2


@dataclass(frozen=True, kw_only=True)
class _Dots:
    """Small components: label, centre and area of each."""

    labels: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: NDArray[np.float64]

    def only(self, chosen: NDArray[np.bool_]) -> "_Dots":
        return _Dots(
            labels=self.labels[chosen], x=self.x[chosen], y=self.y[chosen], area=self.area[chosen]
        )


def erase_leaders(page: PageImage) -> PageImage:
    """Paint the dots of every leader with the colour of the paper."""
    smooth = pixels(cv2.GaussianBlur(page.ink, (0, 0), SMOOTHING))
    threshold = _threshold(smooth)
    picture, dots = _small_marks(smooth, threshold)
    leaders = [leader for run in _runs(picture, dots) if (leader := _leader(run)) is not None]
    if not leaders:
        return page
    is_doomed = np.zeros(int(picture.max()) + 1, dtype=np.uint8)
    is_doomed[np.concatenate([leader.labels for leader in leaders])] = 255
    mask = pixels(cv2.dilate(is_doomed[picture], np.ones((3, 3), np.uint8)))
    dark = page.ink < threshold
    for leader in leaders:
        _mark_touching_dots(mask, dark, leader)
    ink = page.ink.copy()
    ink[mask > 0] = np.uint8(np.median(page.ink[::8, ::8]))
    return replace(page, ink=ink)


def _threshold(smooth: Pixels) -> float:
    """Grey below which there is ink: above the noise, or a noisy page consists of dots."""
    sample = smooth[::8, ::8].astype(np.float32)
    paper = float(np.median(sample))
    noise = 1.48 * float(np.median(np.abs(sample - paper)))
    return paper - max(22.0, 4.5 * noise)


def _small_marks(smooth: Pixels, threshold: float) -> tuple[NDArray[np.uint16], _Dots]:
    """All components as a picture of labels, and those small enough to be dots."""
    _level, dark = cv2.threshold(smooth, threshold, 255, cv2.THRESH_BINARY_INV)
    count, picture, stats, centres = cv2.connectedComponentsWithStats(
        dark, connectivity=8, ltype=cv2.CV_16U
    )
    small = (stats[:, cv2.CC_STAT_WIDTH] <= LARGEST_DOT) & (
        stats[:, cv2.CC_STAT_HEIGHT] <= LARGEST_DOT
    )
    if count > np.iinfo(np.uint16).max:
        small[:] = False  # labels have run over: this is no writing but a pattern
    labels = np.flatnonzero(small)
    dots = _Dots(
        labels=labels,
        x=centres[labels, 0],
        y=centres[labels, 1],
        area=stats[labels, cv2.CC_STAT_AREA].astype(np.float64),
    )
    return np.asarray(picture, dtype=np.uint16), dots


def _runs(picture: NDArray[np.uint16], dots: _Dots) -> list[_Dots]:
    """Small marks grouped where they follow each other closely from left to right."""
    if len(dots.labels) < LEAST_DOTS:
        return []
    height, width = picture.shape
    canvas = np.zeros((height, width // SQUEEZE + 1), dtype=np.uint8)
    columns, rows = (dots.x / SQUEEZE).astype(int), dots.y.astype(int)
    canvas[rows, columns] = 255
    reach = np.ones((3, WIDEST_GAP // SQUEEZE), np.uint8)
    canvas = pixels(cv2.dilate(canvas, reach))
    _count, joined, stats, _ = cv2.connectedComponentsWithStats(canvas, connectivity=8)
    group = joined[rows, columns]
    order = np.argsort(group, kind="stable")
    edges = np.flatnonzero(np.diff(group[order])) + 1
    members = [part for part in np.split(order, edges) if len(part) >= LEAST_DOTS]
    return [
        dots.only(np.isin(np.arange(len(group)), part))
        for part in members
        if stats[group[part[0]], cv2.CC_STAT_HEIGHT] <= TALLEST_RUN
    ]


def _leader(run: _Dots) -> _Dots | None:
    """The marks of a run that belong to a leader; None if it is not one."""
    for _pass in range(3):
        if len(run.labels) < LEAST_DOTS:
            return None
        slope, level = np.polyfit(run.x, run.y, 1)
        off = np.abs(run.y - (slope * run.x + level))
        if off.max() <= OFF_LINE:
            break
        run = run.only(off <= max(OFF_LINE, float(np.quantile(off, 0.8))))
    run = run.only(run.area <= BIGGER * float(np.median(run.area)))
    if len(run.labels) < LEAST_DOTS or not _is_regular(run.x):
        return None
    start, pace = _rhythm(run.x)
    beats = (run.x - start) / pace
    on_beat = np.abs(beats - np.rint(beats)) * pace <= OFF_BEAT
    return run.only(on_beat) if on_beat.sum() >= LEAST_DOTS else run


def _is_regular(x: NDArray[np.float64]) -> bool:
    """Whether most gaps are about the same; some dots lie hidden under the writing."""
    gaps = np.diff(np.sort(x))
    usual = float(np.median(gaps))
    return bool(usual > 0 and np.mean(np.abs(gaps - usual) <= 0.3 * usual) >= REGULAR)


def _rhythm(x: NDArray[np.float64]) -> tuple[float, float]:
    """Place of the first dot and distance from one to the next."""
    x = np.sort(x)
    gaps = np.diff(x)
    beats = np.concatenate([[0.0], np.cumsum(np.rint(gaps / np.median(gaps)))])
    pace, start = np.polyfit(beats, x, 1)
    return float(start), float(pace)


def _mark_touching_dots(mask: Pixels, dark: NDArray[np.bool_], leader: _Dots) -> None:
    """Add to `mask` the dots that touch the writing, found where the leader's rhythm puts them.

    Followed from both ends of the known part until the paper is empty where dots should be. A
    place with ink beside or below it too is part of a letter or of a dấu nặng: left alone.
    """
    start, pace = _rhythm(leader.x)
    slope, height = np.polyfit(leader.x, leader.y, 1)
    last = round((float(leader.x.max()) - start) / pace)
    for places in (range(last + 1), range(-1, -FARTHEST, -1), range(last + 1, last + FARTHEST)):
        misses = 0
        for place in places:
            column = start + pace * place
            found = _dot_at(mask, dark, round(column), round(slope * column + height))
            misses = 0 if found else misses + 1
            if misses > MOST_MISSES and places.start not in {0}:
                break


def _dot_at(mask: Pixels, dark: NDArray[np.bool_], column: int, row: int) -> bool:
    """Mark a dot at this place; False only if the paper is empty there."""
    inside = 6 <= column < dark.shape[1] - 6 and 4 <= row < dark.shape[0] - 8
    if not inside or not dark[row - 1 : row + 2, column - 1 : column + 2].any():
        return False
    sides = dark[row - 1 : row + 3, [column - 5, column - 4, column + 4, column + 5]]
    below = dark[row + 4 : row + 7, column - 2 : column + 3]
    if not sides.any() and not below.any():
        mask[row - 2 : row + 4, column - 3 : column + 4] = 255
    return True
