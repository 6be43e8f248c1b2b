"""How well and how fast pages are read.

Accuracy is the character error rate on a set of scans with known text. Speed is divided by that
of the plain `tesseract` program, two at a time on one thread each, on the same page images in the
same run; both take turns in small slices, so that other load on the machine hits both alike.
"""

import json
import os
import re
import resource
import subprocess
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import cv2

from config.bench import Result
from digitization.ocr import TesseractEngine, read_page, sources

PROJECT = Path(__file__).resolve().parents[2]
SETS = (PROJECT.parent / "shared" / "scans", PROJECT / "digitization" / "demo_scans")
PROCESSES = 2
SLICE = 10
TARGETS = {"cer_percent": 6.0, "invented_characters": 0, "throughput": 0.9}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the set: its image, what stands on it ("" on a blank page)."""

    name: str
    image: Path
    truth: str


@dataclass(kw_only=True)
class Reading:
    """What a reader made of some pages, in their order, and what it took."""

    texts: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, other: "Reading") -> None:
        """Append a later slice."""
        self.texts += other.texts
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds


class Reader(Protocol):
    """Anything that reads pages: the bare recipe here, the whole queue elsewhere."""

    def __call__(self, pages: Sequence[Page]) -> Reading: ...


def run(*, scale: int = 1, set_dir: Path | None = None, reader: Reader | None = None) -> Result:
    """Read the set `scale` times with `reader` (the recipe in two processes) and plainly."""
    directory = set_dir or next((each for each in SETS if (each / "manifest.json").exists()), None)
    if directory is None:
        raise FileNotFoundError("a set of scans (--set DIR)")
    with tempfile.TemporaryDirectory(prefix="bench-ocr-") as room:
        pages = list(_pages(directory, Path(room)))
        if reader is not None:
            ours, plain = _compared(pages * scale, reader, read_plainly)
        else:
            with get_context("spawn").Pool(PROCESSES, initializer=_settle) as pool:
                pool.map(_warm, range(PROCESSES), chunksize=1)
                ours, plain = _compared(pages * scale, _Recipe(pool), read_plainly)
    return _result(directory, scale, pages * scale, ours, plain)


def read_plainly(pages: Sequence[Page]) -> Reading:
    """The `tesseract` program as one would start it by hand, two at a time."""
    started, cpu = time.monotonic(), _cpu_of(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(PROCESSES) as pool:
        texts = list(pool.map(_plain_text, pages))
    return Reading(
        texts=texts,
        seconds=time.monotonic() - started,
        cpu_seconds=_cpu_of(resource.RUSAGE_CHILDREN) - cpu,
    )


class _Recipe:
    """The bare recipe in processes that live as long as the run, as workers do."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool

    def __call__(self, pages: Sequence[Page]) -> Reading:
        started = time.monotonic()
        done = self.pool.map(_recipe_text, [page.image for page in pages], chunksize=1)
        return Reading(
            texts=[text for text, _cpu in done],
            seconds=time.monotonic() - started,
            cpu_seconds=sum(cpu for _text, cpu in done),
        )


def _settle() -> None:
    cv2.setNumThreads(1)


def _warm(_number: int) -> str:
    return TesseractEngine().version


def _recipe_text(image: Path) -> tuple[str, float]:
    before = _cpu_of(resource.RUSAGE_SELF) + _cpu_of(resource.RUSAGE_CHILDREN)
    text = read_page(image.read_bytes(), engine=TesseractEngine()).text
    after = _cpu_of(resource.RUSAGE_SELF) + _cpu_of(resource.RUSAGE_CHILDREN)
    return text, after - before


def _plain_text(page: Page) -> str:
    done = subprocess.run(
        ["tesseract", str(page.image), "stdout", "-l", "vie"],
        env={**os.environ, "OMP_THREAD_LIMIT": "1"}, capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout.decode("utf-8", "replace")


def _cpu_of(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _pages(directory: Path, room: Path) -> Iterator[Page]:
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    for document in manifest["documents"]:
        for page in document["pages"]:
            image = sources.page_image(directory / document["pdf"], page["page"], dpi=300)
            kind = "jpg" if image.startswith(b"\xff\xd8") else "pnm"
            path = room / f"{page['id']}.{kind}"
            path.write_bytes(image)
            truth = (directory / "gt" / f"{page['id']}.txt").read_text("utf-8")
            yield Page(name=page["id"], image=path, truth=truth)


def _compared(pages: Sequence[Page], one: Reader, other: Reader) -> tuple[Reading, Reading]:
    readings = Reading(), Reading()
    for number, start in enumerate(range(0, len(pages), SLICE)):
        part = pages[start : start + SLICE]
        turns = [(readings[0], one), (readings[1], other)]
        for reading, reader in turns if number % 2 == 0 else reversed(turns):
            reading.add(reader(part))
    return readings


def _result(
    directory: Path, scale: int, pages: Sequence[Page], ours: Reading, plain: Reading
) -> Result:
    figures = {
        "set": directory.name,
        "pages": len(pages),
        "blank_pages": sum(not page.truth.strip() for page in pages),
        **_measured(pages, ours),
    }
    floors = _measured(pages, plain)
    ratios = {
        "throughput": round(figures["pages_per_minute"] / floors["pages_per_minute"], 3),
        "cpu": round(figures["cpu_seconds_per_page"] / floors["cpu_seconds_per_page"], 3),
    }
    ok = (
        figures["cer_percent"] <= TARGETS["cer_percent"]
        and figures["invented_characters"] <= TARGETS["invented_characters"]
        and ratios["throughput"] >= TARGETS["throughput"]
    )
    return Result(
        name="ocr", scale=scale, figures=figures, floors=floors, ratios=ratios,
        targets=dict(TARGETS), ok=ok,
    )  # fmt: skip


def _measured(pages: Sequence[Page], reading: Reading) -> dict[str, Any]:
    edits = length = invented = 0
    for page, text in zip(pages, reading.texts, strict=True):
        truth, found = normal(page.truth), normal(text)
        if not truth:
            invented += len(found)
            continue
        edits += distance(truth, found)
        length += len(truth)
    return {
        "cer_percent": round(100 * edits / max(1, length), 2),
        "invented_characters": invented,
        "pages_per_minute": round(60 * len(pages) / max(reading.seconds, 1e-9), 1),
        "cpu_seconds_per_page": round(reading.cpu_seconds / max(1, len(pages)), 2),
    }


def normal(text: str) -> str:
    """NFC, leaders of three dots and more dropped, white space collapsed."""
    text = unicodedata.normalize("NFC", text).replace("\f", " ")
    return " ".join(re.sub(r"[.…_·]{3,}|…+", " ", text).split())


def distance(one: str, other: str) -> int:
    """Least number of insertions, deletions and replacements (Myers' bit vectors)."""
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for number, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << number
    mask, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    plus, minus, edits = mask, 0, len(one)
    for letter in other:
        here = places.get(letter, 0)
        vertical = here | minus
        horizontal = (((here & plus) + plus) ^ plus) | here
        grows = minus | (~(horizontal | plus) & mask)
        shrinks = plus & horizontal
        edits += bool(grows & last) - bool(shrinks & last)
        grows = grows << 1 | 1
        shrinks <<= 1
        plus = (shrinks | ~(vertical | grows)) & mask
        minus = grows & vertical & mask
    return edits
