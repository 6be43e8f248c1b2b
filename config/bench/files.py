"""``bench files``: a stored scan read through the decryption, against the same scan stored plain.

`from_disk`: as a reader, the queue and the fixity check meet it, nothing of it in the page cache.
The other two are told without a target. A plain file in the page cache is a mere copy in memory,
faster than any cipher: `from_memory`. `served` sends a cached file through a socket, proven whole
before its first byte, which decrypts it twice; half a damaged file would be quicker.
Memory is what the process holds at most while it writes and reads a file many times as large.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from django.test import override_settings

from config.bench import Result
from security import blobs, crypto, keyring

MIB = 2**20
SCAN = 20  # MiB
LARGE = 1024  # MiB
TARGETS = {"from_disk": 0.5, "memory_growth_mb": 16.0}
WARM_UPS, ROUNDS = 2, 15
BLOB, PLAIN_BLOB, LARGE_BLOB = "a" * 64, "b" * 64, "c" * 64


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """Write, read in turns, drop. ``scale``: MiB of the large file."""
    large = scale or LARGE
    keys = keyring.with_new_version("")
    with (
        tempfile.TemporaryDirectory(prefix="bench-files-") as room,
        override_settings(DATA_DIR=Path(room), FILE_ENCRYPTION="on", FILE_KEYS=keys),
    ):
        _write(PLAIN_BLOB, _pieces(SCAN), encrypted=False)
        _write(BLOB, _pieces(SCAN), encrypted=True)
        with _client() as client:
            reads: dict[str, Callable[[str], None]] = {
                "served": partial(_serve, client),
                "from_disk": _read_from_disk,
                "from_memory": _read,
            }
            taken = {way: _compared(read) for way, read in reads.items()}
        before = _memory()
        _write(LARGE_BLOB, _pieces(large), encrypted=True)
        _read(LARGE_BLOB)
        growth = round(_memory() - before, 1)
    ratios = {way: round(of["plain"] / of["encrypted"], 2) for way, of in taken.items()}
    ratios["memory_growth_mb"] = growth
    return Result(
        name="files",
        scale=large,
        figures={f"{way}_mb_s": round(SCAN / of["encrypted"]) for way, of in taken.items()},
        floors={f"{way}_plain_mb_s": round(SCAN / of["plain"]) for way, of in taken.items()},
        ratios=ratios,
        targets=TARGETS,
        ok=growth <= TARGETS["memory_growth_mb"] and ratios["from_disk"] >= TARGETS["from_disk"],
    )


def _pieces(megabytes: int) -> Iterator[bytes]:
    piece = os.urandom(MIB)
    for _number in range(megabytes):
        yield piece


def _write(blob: str, pieces: Iterator[bytes], *, encrypted: bool) -> None:
    with blobs.temporary() as temporary:
        with temporary.open("wb") as out:
            writer = crypto.Writer(out) if encrypted else None
            for piece in pieces:
                (writer or out).write(piece)
            if writer is not None:
                writer.finish(blob=blob, by=blobs.ring().newest(1))
        blobs.place(temporary, blob)


def _read(blob: str) -> None:
    with blobs.open_blob(blob) as opened:
        while opened.read(blobs.PIECE):
            pass


def _read_from_disk(blob: str) -> None:
    handle = os.open(blobs.blob_path(blob), os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
    _read(blob)


@contextmanager
def _client() -> Iterator[socket.socket]:
    """A process that takes one scan after another and says of each when it has it whole."""
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        here.close()
        taken = 0
        while piece := there.recv(blobs.PIECE):
            taken += len(piece)
            if taken % (SCAN * MIB) == 0:
                there.sendall(b".")
        os._exit(0)
    there.close()
    with here:
        yield here
    os.waitpid(child, 0)


def _serve(client: socket.socket, blob: str) -> None:
    """Proven first, then sent, as the views do."""
    with blobs.open_whole(blob) as opened:
        while piece := opened.read(blobs.PIECE):
            client.sendall(piece)
    client.recv(1)


def _compared(read: Callable[[str], None]) -> dict[str, float]:
    return _in_turns({"encrypted": lambda: read(BLOB), "plain": lambda: read(PLAIN_BLOB)})


def _in_turns(works: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Median seconds, in turns so that a slow moment hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(WARM_UPS + ROUNDS):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if number >= WARM_UPS:
                taken[name].append(time.perf_counter() - started)
    return {name: median(seconds) for name, seconds in taken.items()}


def _memory() -> float:
    """MiB that this process held at most so far."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
