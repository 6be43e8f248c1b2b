"""The engine that turns prepared pixels into words.

Kept behind a small protocol, so that an in-memory engine can replace the command-line one. The
default starts one `tesseract` process per call through pytesseract: slower by the start of a
process, but a bad page can take down nothing except that process.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import cv2
import pytesseract
from pytesseract import pytesseract as tesseract_cli

from digitization.ocr.types import Limits, Pixels, pixels

DPI = 300  # of the pictures that engines are given
LAUNCHERS = Path(__file__).parent / "limited"
LINE, BLOCK, COLUMN = 7, 6, 4


class EngineError(Exception):
    """The engine failed, ran out of its limits or is not installed; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word as the engine gives it, in pixels of the picture it was given.

    `picture` is the index of that picture in the call; `key` orders lines within it.
    """

    text: str
    x: int
    y: int
    w: int
    h: int
    confidence: float
    key: tuple[int, int, int]
    picture: int = 0


class Engine(Protocol):
    """What the recipe needs of an engine."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def read(self, pictures: Sequence[Pixels], *, psm: int, limits: Limits) -> list[Token]:
        """Words of the grey pictures at 300 dpi, segmented by Tesseract's mode `psm`."""
        ...

    def orientation(self, picture: Pixels, *, limits: Limits) -> tuple[int, float]:
        """Clockwise turn (0, 90, 180, 270) that sets the grey picture upright; confidence."""
        ...


class TesseractEngine:
    """Tesseract's command line through pytesseract, fed PGM through a private directory.

    PGM because encoding a page as PNG takes as long as reading it. The directory is removed
    whatever happens; the launchers in `limited/` set OMP_THREAD_LIMIT=1 and the limits.

    Pictures are shrunk by `scale` for the program: layout analysis takes its time by the pixel,
    and the recogniser shrinks every line to 36 pixels anyway. At three quarters a page takes a
    sixth less time and the error rate is, if anything, lower.
    """

    name = "tesseract"

    def __init__(self, *, language: str = "vie", scale: float = 0.75) -> None:
        self.language = language
        self.scale = scale

    @cached_property
    def version(self) -> str:
        """Version of program and language model, as recorded with each page."""
        return f"{pytesseract.get_tesseract_version()}/{self.language}"

    def read(self, pictures: Sequence[Pixels], *, psm: int, limits: Limits) -> list[Token]:
        config = f"--psm {psm} --dpi {round(DPI * self.scale)} -c tessedit_create_tsv=1"
        smaller = [_scaled(picture, self.scale) for picture in pictures]
        output = self._run(smaller, "tsv", self.language, config, limits)
        return list(_tokens(output, self.scale))

    def orientation(self, picture: Pixels, *, limits: Limits) -> tuple[int, float]:
        config = f"--psm 0 --dpi {DPI // 2}"
        try:
            output = self._run([picture], "osd", "osd", config, limits)
        except EngineError:
            return 0, 0.0  # too few characters to tell is the usual reason
        found = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)
        try:
            return int(found["Rotate"]) % 360, float(found["Orientation confidence"])
        except (KeyError, ValueError):
            return 0, 0.0

    def _run(
        self, pictures: Sequence[Pixels], kind: str, language: str, config: str, limits: Limits
    ) -> str:
        with tempfile.TemporaryDirectory(prefix="ocr-") as made, child_limits(limits), _launcher():
            room = Path(made)
            source = _written(pictures, room)
            try:
                tesseract_cli.run_tesseract(
                    str(source), str(room / "out"), kind, language, config, timeout=limits.seconds
                )
                return (room / f"out.{kind}").read_text("utf-8")
            except (pytesseract.TesseractError, RuntimeError, OSError, UnicodeDecodeError) as error:
                raise EngineError(str(error)[:500]) from error


def _written(pictures: Sequence[Pixels], room: Path) -> Path:
    """The pictures on disk; several as a list file, which costs one load of the model only."""
    names = []
    for number, picture in enumerate(pictures):
        path = room / f"{number:04}.pgm"
        cv2.imwrite(str(path), picture)
        names.append(str(path))
    if len(names) == 1:
        return Path(names[0])
    listing = room / "pictures.txt"
    listing.write_text("\n".join(names) + "\n", "utf-8")
    return listing


@contextmanager
def child_limits(limits: Limits) -> Iterator[None]:
    """Hand the limits to the launchers in `limited/`, for the time of one call.

    The environment is the only way into a child that pytesseract and pdf2image leave open.
    Workers run one page at a time, so nothing else looks at these names meanwhile.
    """
    ours = {
        "OCR_CHILD_MEMORY_KB": str(limits.memory_mb * 1024),
        "OCR_CHILD_CPU_SECONDS": str(limits.cpu_seconds),
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _launcher() -> Iterator[None]:
    """Point pytesseract at our launcher for the time of one call."""
    command = tesseract_cli.tesseract_cmd
    tesseract_cli.tesseract_cmd = str(LAUNCHERS / "tesseract")
    try:
        yield
    finally:
        tesseract_cli.tesseract_cmd = command


def _scaled(picture: Pixels, scale: float) -> Pixels:
    return pixels(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _tokens(tsv: str, scale: float) -> Iterator[Token]:
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        page, block, paragraph, line = (int(cell) for cell in cells[1:5])
        x, y, w, h = (round(int(cell) / scale) for cell in cells[6:10])
        yield Token(
            text=cells[11].strip(), x=x, y=y, w=w, h=h, confidence=float(cells[10]),
            key=(block, paragraph, line), picture=page - 1,
        )  # fmt: skip
