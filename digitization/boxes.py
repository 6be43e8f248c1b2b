"""Rectangles on a page: pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright page."""

    x: int
    y: int
    w: int
    h: int

    def __str__(self) -> str:
        return f"{self.x} {self.y} {self.w} {self.h}"

    @property
    def aired(self) -> Box:
        """With some air around, so that a frame does not cut through the letters."""
        air = self.h // 5
        return Box(max(0, self.x - air), max(0, self.y - air), self.w + 2 * air, self.h + 2 * air)
