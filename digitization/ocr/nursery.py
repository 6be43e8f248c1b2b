"""The process that limited children come from: `python -m digitization.ocr.nursery SOCKET`.

Whoever parses an uploaded file runs in a fork of this process, which was started anew: it holds no
keys, no passwords, no connections and no other file, and knows none from its environment. It has
loaded the libraries once, so that a child costs a fork (5 ms) and not their loading (300 ms).

One request on the socket is one file and its reply socket. For each there are two forks: a
supervisor, which touches no byte of the file, and below it the job under its limits. The supervisor
ends the whole process group of the job when its time is over, when whoever asked has gone, and
when the job itself has ended; then it removes the job's directory and answers.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy.ma  # noqa: F401 - numpy loads it at its first use: every child would, for 0.1 s
from PIL import Image

from digitization.ocr import jobs, rooms, sandbox

REQUEST_BYTES = 4096
MIB = 2**20


def main() -> None:
    """Serve until whoever started us has gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _get_ready()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are nobody's to wait for
    while True:
        message, handles, _flags, _address = socket.recv_fds(control, REQUEST_BYTES, 2)
        if not message:
            return
        if len(handles) == 2 and os.fork() == 0:
            control.close()
            _supervise(json.loads(message), *handles)
            os._exit(0)
        for handle in handles:
            os.close(handle)


def _get_ready() -> None:
    cv2.setNumThreads(1)
    Image.init()
    # Here warnings belong to us alone: what Pillow merely warns of is refused.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with suppress(Exception):
        _ = jobs.ENGINE.version  # asked once; a missing program is the reading's error
    gc.freeze()  # children share these pages instead of copying them for their first collection


# --- the supervisor ---------------------------------------------------------------------


def _supervise(request: Mapping[str, Any], reply_handle: int, file: int) -> None:
    """Run one job and answer: a line about its end, then what it said."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sandbox.inherit_orphans()
    output = os.memfd_create("answer")
    with socket.socket(fileno=reply_handle) as reply:
        try:
            with rooms.room(Path(request["tmp"])) as place:
                end = _job_done(request, place, reply, file, output)
        except OSError as error:
            end = {"outcome": "no_room", "name": type(error).__name__}
        with suppress(OSError):  # whoever asked may have gone
            reply.sendall(json.dumps(end).encode() + b"\n")
            if end["outcome"] == "done":
                _send(output, reply)


def _job_done(
    request: Mapping[str, Any], place: Path, reply: socket.socket, file: int, output: int
) -> dict[str, Any]:
    job = os.fork()
    if job == 0:
        reply.close()
        _do(request, place, file, output)
    os.close(file)
    with suppress(OSError):  # the job does the same: whoever is first
        os.setpgid(job, job)
    in_time = _awaited(job, reply, request["limits"]["seconds"])
    status, used = _ended(job)
    return {
        "outcome": ("done" if status == 0 else "killed") if in_time else "late",
        "status": status,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "memory_mb": used.ru_maxrss // 1024,
    }


def _awaited(job: int, reply: socket.socket, seconds: float) -> bool:
    """Whether the job came to an end by itself, in time and while somebody waited for it."""
    handle = os.pidfd_open(job)
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    waiting.register(reply, select.POLLRDHUP)
    found = dict(waiting.poll(seconds * 1000))
    os.close(handle)
    return reply.fileno() not in found and bool(found)


def _ended(job: int) -> tuple[int, resource.struct_rusage]:
    """Kill the job with its whole group, and whatever left the group; how the job itself ended."""
    with suppress(ProcessLookupError):
        os.killpg(job, signal.SIGKILL)
    _pid, status, used = os.wait4(job, 0)
    while left := sandbox.children():
        for process in left:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
    return status, used


def _send(output: int, reply: socket.socket) -> None:
    at, size = 0, os.fstat(output).st_size
    while at < size:
        at += os.sendfile(reply.fileno(), output, at, size - at)


# --- the job ----------------------------------------------------------------------------


def _do(request: Mapping[str, Any], place: Path, file: int, output: int) -> None:
    """What the limited process does; never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        limit(request["limits"])
        _confine(place, file)
        path = Path(f"/proc/{os.getpid()}/fd/{file}")
        answer = jobs.done(request["job"], path, request["page"])
        _write(output, answer)
        status = 0
    except MemoryError:
        status = 2
    finally:
        os._exit(status)


def _confine(place: Path, file: int) -> None:
    os.chdir(place)
    os.umask(0o077)
    tempfile.tempdir = os.environ["TMPDIR"] = str(place)
    silence = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):  # libraries say things about the file there
        os.dup2(silence, handle)
    sandbox.die_with_parent()
    sandbox.confine(writable=place, readable=file)


def limit(limits: Mapping[str, int]) -> None:
    """Take these limits for good: MiB of memory beyond what is loaded, CPU seconds, MiB of one
    file. Programs started later get the same, on top of those of their launchers."""
    memory = _address_space() + limits["memory_mb"] * MIB
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_mb"] * MIB,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    if not limits["programs"]:
        wanted[resource.RLIMIT_NPROC] = 0
    for which, value in wanted.items():
        resource.setrlimit(which, (value, value))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()


def _write(output: int, answer: bytes) -> None:
    with os.fdopen(output, "wb", closefd=False) as out:
        out.write(answer)


if __name__ == "__main__":
    main()
