"""A sheet of paper: draws text in ink and keeps what it drew, line by line, as ground truth.

Lengths are millimetres, type sizes are points. Ground truth is in reading order: one line per
printed line, cells of a table row and fields of a form row joined by a space.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

A4 = (210.0, 297.0)
FACES = {"serif": "LiberationSerif", "sans": "LiberationSans", "mono": "LiberationMono"}
# Release 2 lies in the first directory on Debian 12 and in the second on later systems.
FONT_DIRS = (
    Path("/usr/share/fonts/truetype/liberation2"),
    Path("/usr/share/fonts/truetype/liberation"),
)
LEADING = 1.42


@lru_cache(maxsize=256)
def typeface(face: str, pixels: int, style: str) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels; the basic layout keeps line breaks the same everywhere."""
    name = f"{FACES[face]}-{style}.ttf"
    for path in (folder / name for folder in FONT_DIRS):
        if path.exists():
            font = ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)
            # Older releases draw blanks for many Vietnamese letters without a word.
            if font.getmask("ặ").getbbox():
                return font
    raise FileNotFoundError(f"{name} with Vietnamese letters: install fonts-liberation2")


@dataclass(frozen=True)
class Style:
    """How a run of text looks; ``face`` None means the sheet's own."""

    size: float = 13
    bold: bool = False
    italic: bool = False
    face: str | None = None

    @property
    def name(self) -> str:
        return {(0, 0): "Regular", (1, 0): "Bold", (0, 1): "Italic", (1, 1): "BoldItalic"}[
            int(self.bold), int(self.italic)
        ]


BODY, BOLD, ITALIC = Style(), Style(bold=True), Style(italic=True)


@dataclass
class Field:
    """One blank of a form: printed label, typed value, from where to where on the line."""

    label: str
    value: str
    left: float
    right: float


@dataclass
class Sheet:
    """One side of paper being written on; ``y`` is where the next line begins."""

    dpi: int
    face: str = "serif"
    typed: str = "mono"
    turned: bool = False  # landscape
    left: float = 28
    right: float = 16
    y: float = 20
    lines: list[str] = field(default_factory=list)
    seal_at: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self.width, self.height = (A4[1], A4[0]) if self.turned else A4
        size = (self.px(self.width), self.px(self.height))
        self.image = Image.new("L", size, 255)
        self.draw = ImageDraw.Draw(self.image)

    def px(self, mm: float) -> int:
        return round(mm * self.dpi / 25.4)

    def font(self, style: Style) -> ImageFont.FreeTypeFont:
        return typeface(style.face or self.face, round(style.size * self.dpi / 72), style.name)

    def measure(self, text: str, style: Style) -> float:
        return self.font(style).getlength(text) * 25.4 / self.dpi

    def pitch(self, style: Style) -> float:
        return style.size * LEADING * 25.4 / 72

    def note(self, text: str) -> None:
        """Keep a printed line for the ground truth."""
        self.lines.append(" ".join(text.split()))

    def put(self, x: float, y: float, text: str, style: Style = BODY) -> None:
        """Draw without keeping; ``y`` is the base line."""
        self.draw.text((self.px(x), self.px(y)), text, 0, self.font(style), anchor="ls")

    def middle(self, centre: float, y: float, text: str, style: Style) -> None:
        self.put(centre - self.measure(text, style) / 2, y, text, style)

    def centred(self, text: str, style: Style = BODY, *, gap: float = 0) -> None:
        """One centred line across the type area."""
        self.y += self.pitch(style)
        self.middle((self.left + self.width - self.right) / 2, self.y, text, style)
        self.note(text)
        self.y += gap

    def columns(self, left: str, right: str, first: Style, second: Style | None = None) -> None:
        """Two centred texts beside each other, as at the head and foot of a document."""
        second = second or first
        self.y += self.pitch(first)
        for text, centre, style in ((left, 66.0, first), (right, 146.0, second)):
            self.middle(centre, self.y, text, style)
        self.note(f"{left} {right}")

    def rule(self, x0: float, x1: float, y: float | None = None) -> None:
        at = self.px(self.y + 1.2 if y is None else y)
        self.draw.line((self.px(x0), at, self.px(x1), at), 30, max(1, self.dpi // 150))

    def wrap(self, text: str, style: Style, width: float, indent: float = 0) -> list[str]:
        """Text broken into lines no wider than ``width``; the first is indented."""
        lines: list[str] = []
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            room = width - (indent if not lines else 0)
            if line and self.measure(longer, style) > room:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line]

    def justified(self, x: float, text: str, style: Style, width: float) -> None:
        words = text.split()
        spare = width - sum(self.measure(word, style) for word in words)
        gap = spare / max(1, len(words) - 1)
        for word in words:
            self.put(x, self.y, word, style)
            x += self.measure(word, style) + gap

    def print_line(self, text: str, style: Style, *, indent: float, last: bool) -> None:
        """One line of a paragraph, spread to both margins unless it is the last."""
        self.y += self.pitch(style)
        width = self.width - self.left - self.right - indent
        if last:
            self.put(self.left + indent, self.y, text, style)
        else:
            self.justified(self.left + indent, text, style, width)
        self.note(text)

    def fields(self, *blanks: Field, size: float = 12) -> None:
        """One row of a form: label, dotted leader, value typed just above the dots."""
        label_style, value_style = Style(size), Style(size - 0.5, face=self.typed)
        self.y += 7.4
        for blank in blanks:
            self.put(blank.left, self.y, blank.label, label_style)
            start = blank.left + self.measure(blank.label, label_style) + 0.8
            self.leader(start, blank.right)
            self.put(start + 1.6, self.y - 0.35, blank.value, value_style)
        self.note(" ".join(f"{blank.label} {blank.value}" for blank in blanks))

    def leader(self, x0: float, x1: float) -> None:
        radius = max(0.6, self.dpi / 300)
        x = self.px(x0)
        while x < self.px(x1):
            y = self.px(self.y + 0.25)
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=40)
            x += self.px(1.05)

    def row(self, cells: Sequence[str], widths: Sequence[float], style: Style) -> None:
        """One bordered row of a table; the longest cell decides the height."""
        wrapped = [
            self.wrap(cell, style, width - 3) for cell, width in zip(cells, widths, strict=True)
        ]
        pitch = self.pitch(style) * 0.88
        height = max(len(lines) for lines in wrapped) * pitch + 2.2
        x = self.left
        for lines, width in zip(wrapped, widths, strict=True):
            box = (self.px(x), self.px(self.y), self.px(x + width), self.px(self.y + height))
            self.draw.rectangle(box, outline=25, width=max(1, self.dpi // 150))
            for number, line in enumerate(lines, 1):
                if style.bold:
                    self.middle(x + width / 2, self.y + number * pitch, line, style)
                else:
                    self.put(x + 1.6, self.y + number * pitch, line, style)
            x += width
        self.y += height
        self.note(" ".join(cells))

    def scribble(self, rng: Random, x: float, y: float) -> None:
        """Something that passes for a signature; not text, so not kept."""
        points = [(x, y)]
        for step in range(1, 15):
            reach = 7 if step % 5 == 0 else 3.5
            points.append((x + step * 1.7 + rng.uniform(-1.5, 1.5), y + rng.uniform(-reach, reach)))
        curve = [(self.px(a), self.px(b)) for a, b in smooth(points)]
        self.draw.line(curve, 60, max(2, self.dpi // 90), joint="curve")

    def mark(self, text: str) -> None:
        """The small line at the foot that says the paper is invented."""
        style = Style(8, italic=True, face="sans")
        self.middle(self.width / 2, self.height - 11, text, style)
        self.note(text)


def smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Chaikin's corner cutting, three times."""
    line = list(points)
    for _ in range(3):
        cut = [line[0]]
        for (ax, ay), (bx, by) in pairwise(line):
            cut += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by)]
            cut += [(0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
        line = [*cut, line[-1]]
    return line
