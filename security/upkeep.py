"""Upkeep of stored blobs: encrypting plain ones, rewrapping keys, looking whether all are whole.

Each step replaces one blob: a synced temporary file takes its name at once. Whenever it is
interrupted, every blob is either as before or as after; running it again does the rest.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from security import blobs, crypto, quarantine
from security.keyring import KeyMissingError

ABANDONED_AFTER = quarantine.SAFE_AGE


def all_blobs() -> Iterator[str]:
    """The name of every blob on disk, whether a row knows it or not."""
    for path in blobs.blobs_root().glob("??/??/*"):
        if len(path.name) == 64:
            yield path.name


def header_of(blob: str, *, at: Path | None = None) -> crypto.Header | None:
    """Header of an encrypted blob, None of a plain one."""
    with (at or blobs.blob_path(blob)).open("rb") as stored:
        start = stored.read(crypto.HEADER_SIZE)
    return crypto.parse_header(start) if crypto.is_encrypted(start) else None


def encrypt(blob: str, *, level: int, sha256: str = "") -> bool:
    """Encrypt a plain blob for this level. False: it is encrypted already.

    sha256: what the plain bytes must hash to, where a row says it; a damaged file is left as it
    is (DamagedError), for nobody should find it sealed and seemingly whole.
    """
    if header_of(blob) is not None:
        return False
    by = blobs.ring().newest(level)
    with blobs.temporary() as temporary:
        with blobs.blob_path(blob).open("rb") as plain, temporary.open("wb") as out:
            writer = crypto.Writer(out)
            found = blobs.sha256_of(plain, into=writer)
            if sha256 and found != sha256:
                raise crypto.DamagedError("content")
            writer.finish(blob=blob, by=by)
            _sync(out)
        with blobs.open_stored(temporary, blob) as stored:
            if blobs.sha256_of(stored) != found:
                raise OSError("bytes read back differ from bytes written")
        blobs.place(temporary, blob)
    return True


def rewrap(blob: str, *, level: int | None = None, at: Path | None = None) -> bool:
    """Wrap a blob's key by the newest key of its level, or of a higher one that is named.

    False: nothing to do. The chunks are copied as they are, by the file system itself where it can.
    at: where it lies, if not in its place.
    """
    header = header_of(blob, at=at)
    if header is None:
        return False
    ring = blobs.ring()
    by = ring.newest(max(header.level, level or 0))
    if (header.level, header.key_version) == (by.level, by.version):
        return False
    key = header.unwrapped(blob=blob, ring=ring)
    with blobs.temporary() as temporary:
        with (at or blobs.blob_path(blob)).open("rb") as stored, temporary.open("wb") as out:
            out.write(header.wrapping(key, blob=blob, by=by).packed())
            stored.seek(crypto.HEADER_SIZE)
            shutil.copyfileobj(stored, out, blobs.PIECE)
            _sync(out)
        with blobs.open_stored(temporary, blob):  # header and length, through the new key
            pass
        blobs.place(temporary, blob, at=at)
    return True


def state_of(blob: str, *, sha256: str = "") -> str:
    """Read a blob to its end: ``whole``, ``damaged``, ``missing`` or ``no_key``.

    A plain blob without a known hash cannot be proven: ``unproven``.
    """
    try:
        plain = header_of(blob) is None
        with blobs.open_blob(blob) as stored:
            found = blobs.sha256_of(stored)
    except FileNotFoundError:
        return "missing"
    except KeyMissingError:
        return "no_key"
    except (crypto.DamagedError, OSError):  # a disk that cannot read a sector says OSError
        return "damaged"
    if sha256:
        return "whole" if found == sha256 else "damaged"
    return "unproven" if plain else "whole"


def sweep_incoming(*, older_than: float = ABANDONED_AFTER) -> int:
    """Remove what processes that were killed left in the door; how many files."""
    limit, swept = time.time() - older_than, 0
    for path in list(blobs.incoming().iterdir()):
        if _modified(path) < limit:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # its owner was quicker
        return float("inf")


def _sync(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())
