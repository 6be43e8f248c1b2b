"""The directory of backups: what lies where, one user at a time, never beside the keys.

sets/20261122T013000Z/   one backup: database.dump, files.list, manifest.json
files/3fa/3fa9…          stored files of all backups, named by the hash of the stored bytes
making/…                 what is being written; never taken for a backup
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from config.keeping.errors import KeepingError
from config.keeping.manifest import FILE
from security.blobs import sync_directory


@dataclass(frozen=True)
class Place:
    root: Path

    @property
    def sets(self) -> Path:
        return self.root / "sets"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def making(self) -> Path:
        return self.root / "making"

    def stored(self, digest: str) -> Path:
        """Where a stored file of this hash lies."""
        return self.files / digest[:3] / digest

    def whole(self) -> list[Path]:
        """The backups, oldest first: a directory takes its place here when it is whole."""
        if not self.sets.is_dir():
            return []
        return sorted(one for one in self.sets.glob("[0-9]*") if (one / FILE).is_file())

    def chosen(self, name: str = "") -> Path:
        """The backup of this name, else the newest. KeepingError where there is none."""
        backups = self.whole()
        if not backups:
            raise KeepingError(f"There is no backup in {self.root}.")
        if not name:
            return backups[-1]
        for one in backups:
            if one.name == name:
                return one
        raise KeepingError(f"There is no backup {name} in {self.root}.")


def place_of(directory: Path) -> Place:
    """The place, which must exist; KeepingError where backups must not lie."""
    root = directory.resolve()
    if not root.is_dir():
        raise KeepingError(f"{root} is no directory. Mount or make it first.")
    for keys in key_directories():
        if _touch(root, keys):
            raise KeepingError(
                f"{root} and the keys in {keys} must lie apart: whoever found both could read "
                "everything. Choose another directory."
            )
    data = Path(settings.DATA_DIR).resolve()
    if root == data or data in root.parents:
        raise KeepingError(f"{root} lies within the data ({data}) and would be lost with them.")
    return Place(root)


def key_directories() -> list[Path]:
    """Directories that hold keys of this installation."""
    files = [Path(settings.AUDIT_SEAL_KEY_FILE)]
    if not settings.FILE_KEYS:
        files.append(Path(settings.FILE_KEYS_FILE))
    return sorted({file.resolve().parent for file in files})


def _touch(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """One process at a time in this directory. The lock goes with its process, however it ends."""
    try:
        lock = (place.root / "lock").open("a+b")
    except OSError as error:
        raise KeepingError(f"{place.root} cannot be written: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeepingError(f"Another process is at work in {place.root}.") from None
        yield


@contextmanager
def being_made(place: Place) -> Iterator[Path]:
    """An empty directory for a backup in the making; rests of killed runs go first."""
    for rest in (place.making, *place.sets.glob(".*")):
        shutil.rmtree(rest, ignore_errors=True)
    for directory in (place.making, place.sets, place.files):
        directory.mkdir(mode=0o700, exist_ok=True)
    try:
        yield place.making
    finally:
        shutil.rmtree(place.making, ignore_errors=True)


def write_synced(path: Path, content: bytes) -> None:
    """Write a new private file and wait until the disk has it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def settle(made: Path, goal: Path) -> None:
    """Give a written and synced directory its name, and sync the name."""
    sync_directory(made)
    made.rename(goal)
    sync_directory(goal.parent)


def sync_everything(directory: Path) -> None:
    """Wait until the file system of this directory has everything on the disk.

    One call for all files of a run: an fsync for each of many small ones costs ten times as much.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        if libc.syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(directory))
    finally:
        os.close(handle)
