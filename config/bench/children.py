"""What it costs that pages are read by limited child processes: CPU per page, against reading the
same pages directly in this process.

Both take turns, page by page. The children's figure counts the job and the programs it starts, and
what this process spends on asking; not the two forks, which are milliseconds.
"""

import json
import resource
from collections.abc import Callable
from pathlib import Path

import cv2

from config.bench import Result
from config.bench.ocr import SETS
from digitization.ocr import PageReading, TesseractEngine, children, jobs, read_page, sources

TARGETS = {"cpu": 1.1, "same_text": 1.0}
PAGES = 6


def run(*, scale: int = 1, set_dir: Path | None = None) -> Result:
    """Read the first page of six documents, `scale` times."""
    cv2.setNumThreads(1)
    directory = set_dir or next((each for each in SETS if (each / "manifest.json").exists()), None)
    if directory is None:
        raise FileNotFoundError("a set of scans (--set DIR)")
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    files = [directory / document["pdf"] for document in manifest["documents"]][:PAGES] * scale
    engine = TesseractEngine()
    _directly(files[0], engine), _by_child(files[0])  # libraries and models are loaded now
    ours = floor = same = 0.0
    for number, file in enumerate(files):
        turns: list[Callable[[], tuple[PageReading, float]]] = [
            lambda file=file: _by_child(file),  # type: ignore[misc]
            lambda file=file: _directly(file, engine),  # type: ignore[misc]
        ]
        done = [turn() for turn in (turns if number % 2 else turns[::-1])]
        (mine, cpu), (plain, plain_cpu) = done if number % 2 else done[::-1]
        ours, floor, same = ours + cpu, floor + plain_cpu, same + (mine.text == plain.text)
    ratios = {"cpu": round(ours / floor, 3), "same_text": round(same / len(files), 3)}
    return Result(
        name="children", scale=scale,
        figures={"pages": len(files), "cpu_seconds_per_page": round(ours / len(files), 3)},
        floors={"cpu_seconds_per_page": round(floor / len(files), 3)}, ratios=ratios,
        targets=dict(TARGETS),
        ok=ratios["cpu"] <= TARGETS["cpu"] and ratios["same_text"] >= TARGETS["same_text"],
    )  # fmt: skip


def _by_child(file: Path) -> tuple[PageReading, float]:
    before = _cpu()
    answer, used = children.run("read", file, page=1, allowed=children.READING)
    reading = jobs.page_reading(answer)
    return reading, _cpu() - before + used.cpu_seconds


def _directly(file: Path, engine: TesseractEngine) -> tuple[PageReading, float]:
    before = _cpu()
    reading = read_page(sources.page_image(file, 1), engine=engine)
    return reading, _cpu() - before


def _cpu() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    found = [resource.getrusage(kind) for kind in kinds]
    return sum(used.ru_utime + used.ru_stime for used in found)
