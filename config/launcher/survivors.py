"""Servers that outlived a killed launcher: two must never write into one directory."""

import os
import signal
import time
from pathlib import Path

PATIENCE = 20.0  # seconds for an orderly end, then for the disorderly one


def processes_in(directory: Path, program: str) -> list[int]:
    """Ids of the processes of ``program`` whose working directory this is (servers go to their
    data; a person's shell may stand there too, and stays)."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and _is(process, directory, program)
    ]


def _is(process: Path, directory: Path, program: str) -> bool:
    try:
        here = (process / "cwd").samefile(directory)
        return here and (process / "comm").read_text("utf-8").strip() == program
    except OSError:  # ended meanwhile, or somebody else's
        return False


def clear(directory: Path, program: str, polite: signal.Signals, leader: int | None = None) -> None:
    """End whatever of ``program`` still works in ``directory``, which the caller has locked.

    ``polite`` goes to ``leader`` where that is one of them (it ends its own children in order),
    else to all; SIGQUIT follows for those that stay.
    """
    for number in (polite, signal.SIGQUIT):
        remaining = processes_in(directory, program)
        for process in [leader] if leader in remaining and leader is not None else remaining:
            _signal(process, number)
        until = time.monotonic() + PATIENCE
        while remaining and time.monotonic() < until:
            time.sleep(0.05)
            remaining = processes_in(directory, program)


def _signal(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return
