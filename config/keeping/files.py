"""Stored files in and out of a backup.

In the backup a file is named by the hash of its stored (encrypted) bytes, so every name proves its
content, equal bytes are kept once, and a file whose key was rewrapped since lies beside its earlier
form: each backup finds the very bytes that its own keys open.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from config.keeping.errors import KeepingError
from config.keeping.place import Place
from security import blobs

SMALL = 8 * 2**20  # read at once; larger ones go in pieces
PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ``files.list``."""

    blob: str
    sha256: str
    size: int
    changed: int  # st_mtime_ns: a file that was rewrapped or healed has another

    def line(self) -> str:
        return f"{self.blob} {self.sha256} {self.size} {self.changed}\n"


def read_list(path: Path) -> Iterator[Entry]:
    """The entries in the order of their names. KeepingError where a line is none."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            try:
                blob, digest, size, changed = line.split()
                yield Entry(blob, digest, int(size), int(changed))
            except ValueError as error:
                raise KeepingError(f"{path} cannot be read as a list of files.") from error


@dataclass
class Copied:
    """What a run did."""

    copied: int = 0
    skipped: int = 0
    bytes_copied: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.copied + self.skipped


def copy_in(
    names: Iterable[str], place: Place, *, before: Iterable[Entry], out: BinaryIO
) -> Copied:
    """Copy the files of these blobs (in order) into the backup and list them.

    before: the list of an earlier whole backup, in order. What it vouches for and was not changed
    since is not read again. A file that lies there from a run that broke off is read and compared:
    only a whole backup vouches.
    """
    done, known = Copied(), _Beside(before)
    for blob in names:
        path = blobs.blob_path(blob)
        try:
            facts = path.stat()
        except FileNotFoundError:
            done.missing.append(blob)
            continue
        entry = known.of(blob)
        if entry and (entry.size, entry.changed) == (facts.st_size, facts.st_mtime_ns):
            done.skipped += 1
        else:
            digest, new = _take(path, place)
            entry = Entry(blob, digest, facts.st_size, facts.st_mtime_ns)
            done.copied += 1
            done.bytes_copied += facts.st_size if new else 0
        done.bytes += entry.size
        out.write(entry.line().encode("ascii"))
    return done


class _Beside:
    """Walks a sorted list beside sorted questions, so that neither must fit into memory."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self._next = next(self._entries, None)

    def of(self, blob: str) -> Entry | None:
        while self._next is not None and self._next.blob < blob:
            self._next = next(self._entries, None)
        return self._next if self._next is not None and self._next.blob == blob else None


def _take(path: Path, place: Place) -> tuple[str, bool]:
    """Hash of the stored bytes, and whether they had to be written."""
    with path.open("rb", buffering=0) as stored:
        content = stored.read(SMALL)
        digest = sha256(content)
        while len(content) == SMALL and (piece := stored.read(PIECE)):
            digest.update(piece)
        name = digest.hexdigest()
        goal = place.stored(name)
        if goal.exists() and digest_of(goal) == name:
            return name, False
        temporary = place.making / "file"
        with temporary.open("wb", buffering=0) as out:
            if len(content) < SMALL:
                _write(out, content)
            else:
                stored.seek(0)
                shutil.copyfileobj(stored, out, PIECE)
        goal.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.rename(goal)
        return name, True


def _write(out: BinaryIO, content: bytes) -> None:
    """A raw write may take less than it was given (a limit, a full disk)."""
    rest = memoryview(content)
    while rest:
        rest = rest[out.write(rest) :]


def digest_of(path: Path) -> str:
    with path.open("rb", buffering=0) as stored:
        digest = sha256()
        while piece := stored.read(PIECE):
            digest.update(piece)
        return digest.hexdigest()


class NotWholeError(Exception):
    """A stored file of the backup is gone or is not what it was; the word says which."""


def copy_out(entry: Entry, place: Place) -> None:
    """Put one file of a backup where the installation looks for it, proven on the way.

    Raises NotWholeError (``missing``, ``damaged``); nothing has the name then.
    """
    goal = blobs.blob_path(entry.blob)
    goal.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    temporary = goal.with_name(f".{goal.name}")
    digest = sha256()
    try:
        with (
            place.stored(entry.sha256).open("rb", buffering=0) as stored,
            temporary.open("wb", buffering=0) as out,
        ):
            while piece := stored.read(PIECE):
                digest.update(piece)
                _write(out, piece)
    except FileNotFoundError:
        raise NotWholeError("missing") from None
    if digest.hexdigest() != entry.sha256:
        temporary.unlink()
        raise NotWholeError("damaged")
    # The next backup must not take it for changed and copy everything once more.
    os.utime(temporary, ns=(entry.changed, entry.changed))
    temporary.rename(goal)


class Names:
    """Names of blobs, sorted and each once, in 32 bytes each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._packed = sorted({bytes.fromhex(name) for name in names})

    def __iter__(self) -> Iterator[str]:
        return (packed.hex() for packed in self._packed)

    def __len__(self) -> int:
        return len(self._packed)
