"""What a limited child process is asked to do with one file, and how it says what it found.

An answer is one line of JSON and, after it, the bytes of pictures. No pickles: whoever reads the
answer must not trust the process that read the file.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

import cv2

from digitization.ocr.engine import EngineError, TesseractEngine
from digitization.ocr.kinds import Kind
from digitization.ocr.recipe import read_page
from digitization.ocr.refusal import RefusedFile
from digitization.ocr.sources import SourceInfo, inspect, page_image
from digitization.ocr.types import ExhaustedError, PageReading, UnreadableImage, Word
from digitization.ocr.workbook import Sheet, sheet_of

ENGINE = TesseractEngine()
JPEG = b"\xff\xd8\xff"
SIMPLE: dict[object, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (float, int),
    float | None: (float, int, type(None)),
}
NO_MEMORY = -4  # OpenCV's number for it

Answer = tuple[dict[str, Any], list[bytes]]


def done(job: str, path: Path, page: int) -> bytes:
    """Do the job on the file and pack what came of it; never raises."""
    try:
        facts, pictures = JOBS[job](path, page)
    except Exception as error:  # noqa: BLE001 - the parent is told, whatever it was
        facts, pictures = _said(error), []
    line = json.dumps({**facts, "sizes": [len(picture) for picture in pictures]})
    return b"".join([line.encode(), b"\n", *pictures])


def source_info(answer: bytes) -> SourceInfo:
    """What `inspect` found, or its RefusedFile."""
    facts, _pictures = _unpacked(answer)
    return SourceInfo(kind=cast(Kind, str(facts["kind"])), pages=int(facts["pages"]))


def page_reading(answer: bytes) -> PageReading:
    """What reading a page gave, or the error of it. ValueError if it is nothing that we sent."""
    facts, pictures = _unpacked(answer)
    derivative, thumbnail = pictures
    if not all(picture.startswith(JPEG) for picture in pictures):
        raise ValueError("no pictures")
    words = [Word(**_typed(word, Word)) for word in facts.pop("words")]
    kept = _typed(facts, PageReading)
    return PageReading(**kept, words=words, derivative=derivative, thumbnail=thumbnail)


def sheet(answer: bytes) -> Sheet:
    """What a workbook holds, or its RefusedFile. ValueError if it is nothing that we sent."""
    facts, _pictures = _unpacked(answer)
    rows = [
        (int(number), [(int(column), str(kind), _plain(value)) for column, kind, value in cells])
        for number, cells in facts["rows"]
    ]
    return Sheet(
        name=str(facts["name"]),
        others=int(facts["others"]),
        merged=[str(place) for place in facts["merged"]],
        rows=rows,
    )


def _plain(value: object) -> str | int | float | bool:
    if not isinstance(value, (str, int, float)):
        raise ValueError(type(value).__name__)
    return value


def _typed(facts: dict[str, Any], kind: type) -> dict[str, Any]:
    """The facts, each of the simple type that its field has."""
    known = {field.name: SIMPLE.get(field.type) for field in fields(kind)}
    for name, value in facts.items():
        wanted = known.get(name)
        if wanted is None or not isinstance(value, wanted):
            raise ValueError(name)
    return facts


def _inspected(path: Path, _page: int) -> Answer:
    return asdict(inspect(path)), []


def _read(path: Path, page: int) -> Answer:
    reading = asdict(read_page(page_image(path, page), engine=ENGINE))
    return reading, [reading.pop("derivative"), reading.pop("thumbnail")]


def _sheet(path: Path, _page: int) -> Answer:
    return asdict(sheet_of(path)), []


JOBS: dict[str, Callable[[Path, int], Answer]] = {
    "inspect": _inspected,
    "read": _read,
    "sheet": _sheet,
}


def _said(error: Exception) -> dict[str, Any]:
    """The error as facts: codes and numbers, nothing out of the file."""
    if isinstance(error, RefusedFile):
        return {"error": "refused", "code": error.code, "params": error.params}
    if isinstance(error, MemoryError) or getattr(error, "code", None) == NO_MEMORY:
        return {"error": "exhausted"}
    kinds = {UnreadableImage: "unreadable", EngineError: "engine", cv2.error: "unreadable"}
    return {"error": kinds.get(type(error), "unexpected"), "name": type(error).__name__}


def _unpacked(answer: bytes) -> tuple[dict[str, Any], list[bytes]]:
    line, _, rest = answer.partition(b"\n")
    facts: dict[str, Any] = json.loads(line)
    _raise_for(facts)
    pictures, at = [], 0
    for size in facts.pop("sizes"):
        pictures.append(rest[at : at + size])
        at += size
    return facts, pictures


def _raise_for(facts: dict[str, Any]) -> None:
    match facts.get("error"):
        case None:
            return
        case "refused":
            raise RefusedFile(facts["code"], **facts["params"])
        case "exhausted":
            raise ExhaustedError
        case "unreadable":
            raise UnreadableImage
        case "engine":
            raise EngineError(facts["name"])
        case _:
            raise RuntimeError(facts["name"])
