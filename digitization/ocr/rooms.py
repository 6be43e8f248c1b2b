"""Private directories for the time of one child process, and the removal of orphaned ones.

Each room is locked by the process that answers for it. The lock goes with that process, however it
ends: a room that can be locked by somebody else belongs to nobody and may be removed.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotPrivateError(OSError):
    """Somebody else made, or may enter, the directory in which rooms lie."""


@contextmanager
def room(beside: Path) -> Iterator[Path]:
    """A directory of mode 0700 in the directory for temporary files `beside`, gone afterwards."""
    with _locked_home(beside) as home:
        place = Path(tempfile.mkdtemp(dir=home))
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(lock)


def sweep(beside: Path) -> int:
    """Remove the rooms of processes that were killed; how many."""
    swept = 0
    with _locked_home(beside) as home:
        for place in home.iterdir():
            swept += _removed(place)
    return swept


def home_of(beside: Path) -> Path:
    """Where the rooms of this user lie."""
    return beside / f"sauro-children-{os.getuid()}"


@contextmanager
def _locked_home(beside: Path) -> Iterator[Path]:
    """Making a room and sweeping exclude each other: between its making and its lock a room would
    look orphaned."""
    home = home_of(beside)
    home.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        facts = os.fstat(handle)
        if facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise NotPrivateError(f"{home} is not private")
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield home
    finally:
        os.close(handle)


def _removed(place: Path) -> bool:
    try:
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:  # its owner was quicker
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(place, ignore_errors=True)
        return True
    finally:
        os.close(handle)
