"""Blobs on disk: where they lie, how they are opened, how a new one takes its place.

Plain and encrypted blobs live side by side; the first bytes say which one it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from security import crypto, keyring

PIECE = crypto.CHUNK_SIZE


class Sink(Protocol):
    """Whatever takes bytes."""

    def write(self, data: bytes, /) -> object: ...


def blob_path(blob: str) -> Path:
    """Where a blob lies: ``blobs/ab/cd/abcd…``."""
    return blobs_root() / blob[:2] / blob[2:4] / blob


def blobs_root() -> Path:
    return Path(settings.DATA_DIR) / "blobs"


def incoming() -> Path:
    """Where files lie until they have their name, on the file system of the blobs."""
    directory = Path(settings.DATA_DIR) / "incoming"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


# --- keys -------------------------------------------------------------------------------


def encrypting() -> bool:
    """Whether new files are encrypted. ImproperlyConfigured for a word that is none of the three:
    a slip of the pen must not switch encryption off."""
    if settings.FILE_ENCRYPTION not in {"on", "only", "off"}:
        raise ImproperlyConfigured("FILE_ENCRYPTION is on, only or off")
    return bool(settings.FILE_ENCRYPTION != "off")


def ring() -> keyring.KeyRing:
    """The keys of this installation; a changed key file counts from the next file on."""
    if settings.FILE_KEYS:
        return _parsed(settings.FILE_KEYS)
    path = Path(settings.FILE_KEYS_FILE)
    try:
        found = path.stat()
    except FileNotFoundError:
        return keyring.KeyRing([])
    return _parsed_file(path, found.st_mtime_ns, found.st_size, found.st_ino)


def require_keys() -> None:
    """Refuse to go on without keys, unless encryption is off in so many words."""
    if encrypting() and not len(ring()):
        raise ImproperlyConfigured(
            "No file keys: stored files could not be encrypted. Make them with "
            "`manage.py make_file_keys`, or say FILE_ENCRYPTION=off."
        )


@lru_cache(maxsize=4)
def _parsed(text: str) -> keyring.KeyRing:
    try:
        return keyring.parse(text)
    except keyring.KeysError as error:
        raise ImproperlyConfigured(f"File keys: {error}") from None


@lru_cache(maxsize=4)
def _parsed_file(path: Path, *_changed: int) -> keyring.KeyRing:
    return _parsed(path.read_text("ascii", "replace"))


# --- reading ----------------------------------------------------------------------------


def open_blob(blob: str) -> BinaryIO:
    """The plain bytes of a blob: seekable, one chunk in memory however large the file is.

    Raises FileNotFoundError; crypto.DamagedError (also later, while reading);
    keyring.KeyMissingError.
    """
    return open_stored(blob_path(blob), blob)


def open_stored(path: Path, blob: str) -> BinaryIO:
    """Like ``open_blob`` for a file that does not lie in its place yet."""
    stored = path.open("rb")
    try:
        if not crypto.is_encrypted(stored.read(len(crypto.MAGIC))):
            return _plain(stored)
        reader = crypto.Reader(stored, blob=blob, ring=ring())
        return cast(BinaryIO, io.BufferedReader(reader, PIECE))
    except BaseException:
        stored.close()
        raise


def _plain(stored: BinaryIO) -> BinaryIO:
    if settings.FILE_ENCRYPTION == "only":
        raise crypto.DamagedError("plain, where every file must be encrypted")
    stored.seek(0)
    return stored


def open_whole(blob: str) -> BinaryIO:
    """``open_blob``, after every chunk was proven: the whole file or nothing of it."""
    opened = open_blob(blob)
    try:
        prove(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def prove(opened: BinaryIO, start: int = 0, end: int | None = None) -> None:
    """DamagedError unless all chunks that hold these bytes are what was written. A plain file
    carries no proof; whoever has its hash compares that."""
    raw = getattr(opened, "raw", None)
    if isinstance(raw, crypto.Reader):
        raw.verify(start, end)


@contextmanager
def plain_copy(blob: str) -> Iterator[Path]:
    """The plain bytes under a path, for programs that want one. Read only while it lasts.

    The copy is a file without a name in the directory of temporary files: it is gone with the
    process, however that ends, and no other user can open it.
    """
    with open_blob(blob) as opened, nameless() as (copy, path):
        shutil.copyfileobj(opened, copy, PIECE)
        copy.flush()
        yield path


@contextmanager
def nameless() -> Iterator[tuple[BinaryIO, Path]]:
    """A temporary file without a name, and a path by which this process and its children open it."""
    with tempfile.TemporaryFile() as copy:
        yield cast(BinaryIO, copy), Path(f"/proc/{os.getpid()}/fd/{copy.fileno()}")


def sha256_of(opened: BinaryIO, into: Sink | None = None) -> str:
    """Hash of the rest of an open file, copied on the way if wanted."""
    digest = hashlib.sha256()
    while piece := opened.read(PIECE):
        digest.update(piece)
        if into is not None:
            into.write(piece)
    return digest.hexdigest()


# --- placing ----------------------------------------------------------------------------


@contextmanager
def temporary() -> Iterator[Path]:
    """An empty private file beside the blobs; removed unless it was given a name."""
    handle, name = tempfile.mkstemp(dir=incoming())
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def place(path: Path, blob: str, *, at: Path | None = None) -> None:
    """Give a synced file the name of a blob, in the stead of whatever had it; then sync the name."""
    target = at or blob_path(blob)
    make_directory(target.parent)
    path.replace(target)
    sync_directory(target.parent)


def make_directory(directory: Path) -> None:
    """Make a directory that a power cut cannot take back: each name is synced in its parent."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True, mode=0o700)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
