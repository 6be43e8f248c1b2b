"""Uploaded files are parsed by limited child processes only: ask for one here.

`inspect` and `read` are what `sources.inspect` and `sources.page_image` with `read_page` are,
except that memory, time, files and programs of the process are limited, that it knows no secrets
and can reach nothing but the file (see `nursery`). Each process that asks has a nursery of its own,
started when it first needs one and gone with it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digitization.ocr import jobs, rooms
from digitization.ocr.refusal import RefusedFile
from digitization.ocr.sources import SourceInfo
from digitization.ocr.types import ExhaustedError, PageReading
from digitization.ocr.workbook import Sheet

PROJECT = Path(__file__).resolve().parents[2]
SLACK = 15  # seconds that ending, tidying up and answering may take
PIECE = 1 << 20
MOST = 256 * 2**20  # bytes of an answer
# What programs need to run at all; everything else in our environment may be a secret.
PASSED_ON = ("PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")


class NoChildError(OSError):
    """No child process could be had, for a reason that is not the file's."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What one child may use. `seconds` is time on the clock for it and all it starts;
    `cpu_seconds`, `memory_mb` (beyond the libraries) and `file_mb` (of one file) hold for each
    process; `programs`: whether it may start any."""

    seconds: int
    cpu_seconds: int
    memory_mb: int
    file_mb: int
    programs: bool


# A TIFF of 2 000 full pages decodes in about a minute; a picture of 200 megapixels takes 800 MB.
INSPECTING = Allowance(seconds=180, cpu_seconds=120, memory_mb=1536, file_mb=1, programs=False)
# A table of 2 000 rows takes two seconds and 60 MB; somebody waits for the answer.
TABULATING = Allowance(seconds=40, cpu_seconds=20, memory_mb=512, file_mb=64, programs=False)
READING = Allowance(seconds=300, cpu_seconds=240, memory_mb=3072, file_mb=2048, programs=True)


@dataclass(frozen=True)
class Used:
    """What a child took: CPU seconds with the programs it started, MiB at its peak."""

    cpu_seconds: float
    memory_mb: int


def inspect(path: Path, *, allowed: Allowance = INSPECTING) -> SourceInfo:
    """Parse the whole file; its kind and number of pages, or RefusedFile. NoChildError."""
    try:
        answer, _used = run("inspect", path, allowed=allowed)
        return jobs.source_info(answer)
    except ExhaustedError as error:
        raise RefusedFile("too_demanding") from error


def read(path: Path, page: int, *, allowed: Allowance = READING) -> PageReading:
    """Read page `page` (from 1) of a file.

    Raises RefusedFile, UnreadableImage, EngineError, ExhaustedError, NoChildError.
    """
    answer, _used = run("read", path, page=page, allowed=allowed)
    return jobs.page_reading(answer)


def tabulate(path: Path, *, allowed: Allowance = TABULATING) -> Sheet:
    """The cells of an Excel workbook's first sheet, or RefusedFile. NoChildError."""
    try:
        answer, _used = run("sheet", path, allowed=allowed)
        return jobs.sheet(answer)
    except ExhaustedError as error:
        raise RefusedFile("table_unfolds") from error


def run(job: str, path: Path, *, page: int = 0, allowed: Allowance) -> tuple[bytes, Used]:
    """Have a job done on a file; its answer, still packed, and what it took.

    Raises ExhaustedError if the child was stopped by a limit or died; NoChildError.
    """
    request = {
        "job": job, "page": page, "tmp": tempfile.gettempdir(), "limits": asdict(allowed),
    }  # fmt: skip
    with path.open("rb") as file, _asked(request, file.fileno()) as reply:
        end, answer = _heard(reply, until=time.monotonic() + allowed.seconds + SLACK)
    if end["outcome"] == "no_room":
        raise NoChildError(end["name"])
    if end["outcome"] != "done":
        raise ExhaustedError(end["outcome"])
    return answer, Used(end["cpu_seconds"], end["memory_mb"])


def sweep() -> int:
    """Remove what children left whose whole machine was killed; how many directories."""
    return rooms.sweep(Path(tempfile.gettempdir()))


# --- the way to the nursery -------------------------------------------------------------


@contextmanager
def _asked(request: dict[str, Any], file: int) -> Iterator[socket.socket]:
    """Our end of the reply; closing it early ends the child."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _send(json.dumps(request).encode(), [theirs.fileno(), file])
        yield ours


def _heard(reply: socket.socket, *, until: float) -> tuple[dict[str, Any], bytes]:
    """The line about the child's end, and its answer."""
    pieces, size = [], 0
    try:
        while size <= MOST:
            reply.settimeout(max(0.1, until - time.monotonic()))
            piece = reply.recv(PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
    except TimeoutError as error:
        raise ExhaustedError("late") from error
    line, _, answer = b"".join(pieces).partition(b"\n")
    if not line or size > MOST:
        raise NoChildError("no answer" if not line else "too long an answer")
    return json.loads(line), answer


@dataclass
class _Nursery:
    """The process that children come from, and our end of its socket."""

    control: socket.socket
    process: subprocess.Popen[bytes]
    owner: int


_lock = threading.Lock()
_nurseries: list[_Nursery] = []  # none or one


def _send(message: bytes, handles: list[int]) -> None:
    """Send a request; a nursery that was killed is replaced once."""
    for last in (False, True):
        nursery = _nursery()
        try:
            socket.send_fds(nursery.control, [message], handles)
            return
        except OSError as error:
            _forget(nursery)
            if last:
                raise NoChildError("no nursery") from error


def _nursery() -> _Nursery:
    with _lock:
        if _nurseries and _nurseries[0].owner != os.getpid():
            _nurseries.clear()  # a fork of ours: the nursery is the parent's
        if not _nurseries:
            _nurseries.append(_started())
        return _nurseries[0]


def _forget(nursery: _Nursery) -> None:
    with _lock:
        if nursery in _nurseries:
            _nurseries.remove(nursery)
    nursery.control.close()
    nursery.process.kill()
    nursery.process.wait()


def _started() -> _Nursery:
    sweep()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "digitization.ocr.nursery", str(theirs.fileno())],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a signal to our group ends it through the socket
            )
        except OSError as error:
            ours.close()
            raise NoChildError("no nursery") from error
    return _Nursery(ours, process, os.getpid())


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    single = dict.fromkeys(("OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return {
        **kept,
        **single,
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
