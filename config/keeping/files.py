"""Stored files in and out of a backup.

In the backup a file is named by the hash of its stored (encrypted) bytes, so every name proves its
content, equal bytes are kept once, and a file whose key was rewrapped since lies beside its earlier
form: each backup finds the very bytes that its own keys open.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from config.keeping.errors import KeepingError
from config.keeping.place import Place
from security import blobs, crypto
from security.keyring import KeyMissingError, KeyRing

SMALL = 8 * 2**20  # read at once; larger ones go in pieces
PIECE = 2**20
THREADS = 4  # hashing and the disk's work let the others go on
AT_ONCE = 1000


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
    done, known, rest = Copied(), _Beside(before), iter(names)
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := list(islice(rest, AT_ONCE)):
            found = [_look(blob, known) for blob in batch]
            work = partial(_copied, place=place)
            for blob, (entry, written) in zip(batch, pool.map(work, found), strict=True):
                _count(done, blob, entry, written)
                if entry is not None:
                    out.write(entry.line().encode("ascii"))
    return done


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it lies on the disk; ``entry`` where a whole backup has it unchanged."""

    path: str
    size: int
    changed: int
    blob: str
    entry: Entry | None


def _look(blob: str, known: _Beside) -> _Seen | None:
    path, entry = str(blobs.blob_path(blob)), known.of(blob)
    try:
        facts = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    if entry and (entry.size, entry.changed) != (facts.st_size, facts.st_mtime_ns):
        entry = None
    return _Seen(path, facts.st_size, facts.st_mtime_ns, blob, entry)


def _copied(seen: _Seen | None, place: Place) -> tuple[Entry | None, int]:
    """The entry of a file, and how many bytes were written for it: -1 where it was not read."""
    if seen is None:
        return None, 0
    if seen.entry is not None:
        return seen.entry, -1
    digest, new = _take(seen.path, place)
    return Entry(seen.blob, digest, seen.size, seen.changed), seen.size if new else 0


def _count(done: Copied, blob: str, entry: Entry | None, written: int) -> None:
    if entry is None:
        done.missing.append(blob)
        return
    done.bytes += entry.size
    if written < 0:
        done.skipped += 1
    else:
        done.copied += 1
        done.bytes_copied += written


class _Beside:
    """Walks a sorted list beside sorted questions, so that neither must fit into memory."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self._next = next(self._entries, None)

    def of(self, blob: str) -> Entry | None:
        while self._next is not None and self._next.blob < blob:
            self._next = next(self._entries, None)
        return self._next if self._next is not None and self._next.blob == blob else None


def _take(source: str, place: Place) -> tuple[str, bool]:
    """Hash of the stored bytes, and whether they had to be written.

    A new file gets its last name at once: that it is there means nothing before a whole backup
    lists it, and half a file is found by its hash.
    """
    with open(source, "rb", buffering=0) as stored:  # noqa: PTH123 (a third of the time was paths)
        content = stored.read(SMALL)
        digest = sha256(content)
        while len(content) == SMALL and (piece := stored.read(PIECE)):
            digest.update(piece)
        name = digest.hexdigest()
        try:
            out = _new(f"{place.files}/{name[:3]}", name)
        except FileExistsError:
            goal = place.stored(name)
            if digest_of(goal) == name:
                return name, False
            goal.unlink()  # half of it, left by a power cut
            out = _new(str(goal.parent), name)
        with out:
            if len(content) < SMALL:
                _write(out, content)
            else:
                stored.seek(0)
                shutil.copyfileobj(stored, out, PIECE)
        return name, True


def _new(directory: str, name: str) -> BinaryIO:
    """A new private file, in a directory that is made if it is not there yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(f"{directory}/{name}", flags, 0o600)
    except FileNotFoundError:
        os.makedirs(directory, 0o700, exist_ok=True)  # noqa: PTH103
        handle = os.open(f"{directory}/{name}", flags, 0o600)
    return os.fdopen(handle, "wb", buffering=0)


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


def copy_out(entry: Entry, place: Place, ring: KeyRing | None) -> str:
    """Put one file of a backup where the installation looks for it, proven on the way.

    ``whole``: hashed, and deciphered with this ring; ``plain``: it was stored plain; ``copied``:
    only hashed, because no ring was given. Otherwise ``missing``, ``damaged``, ``no_key``: a
    damaged file does not come back, one without its key does, for the key may be found.
    """
    try:
        stored = open(f"{place.files}/{entry.sha256[:3]}/{entry.sha256}", "rb", buffering=0)  # noqa: PTH123, SIM115
    except FileNotFoundError:
        return "missing"
    with stored:
        content = stored.read(SMALL)
        whole = content if len(content) < SMALL else None
        digest = sha256(content)
        while whole is None and (piece := stored.read(PIECE)):
            digest.update(piece)
        if digest.hexdigest() != entry.sha256:
            return "damaged"
        state = _opens(io.BytesIO(content) if whole is not None else stored, entry.blob, ring)
        if state != "damaged":
            stored.seek(0)
            _put(entry, whole, stored)
        return state


def _opens(stored: BinaryIO, blob: str, ring: KeyRing | None) -> str:
    """Whether every chunk deciphers."""
    stored.seek(0)
    if not crypto.is_encrypted(stored.read(len(crypto.MAGIC))):
        return "plain"
    if ring is None:
        return "copied"
    try:
        crypto.Reader(stored, blob=blob, ring=ring).verify()
    except KeyMissingError:
        return "no_key"
    except crypto.DamagedError:
        return "damaged"
    return "whole"


def _put(entry: Entry, content: bytes | None, stored: BinaryIO) -> None:
    goal = blobs.blob_path(entry.blob)
    try:
        out = _new(str(goal.parent), goal.name)
    except FileExistsError:  # an earlier run was killed; only now it is known what belongs there
        goal.unlink()
        out = _new(str(goal.parent), goal.name)
    with out:
        if content is not None:
            _write(out, content)
        else:
            shutil.copyfileobj(stored, out, PIECE)
        # The next backup must not take it for changed and read everything once more.
        os.utime(out.fileno(), ns=(entry.changed, entry.changed))


class Names:
    """Names of blobs, sorted and each once, in 32 bytes each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._packed = sorted({bytes.fromhex(name) for name in names})

    def __iter__(self) -> Iterator[str]:
        return (packed.hex() for packed in self._packed)

    def __len__(self) -> int:
        return len(self._packed)
