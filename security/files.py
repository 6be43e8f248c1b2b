"""Files on disk: received whole or not at all, encrypted, named by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from security import blobs, crypto, quarantine
from security.blobs import blob_path, open_blob, open_whole, plain_copy
from security.crypto import DamagedError
from security.keyring import FileKey, KeyMissingError
from security.models import Unit
from security.services import Problem, RefusedError, check_level

__all__ = [
    "DamagedError",
    "Held",
    "KeyMissingError",
    "Receipt",
    "blob_name",
    "blob_path",
    "holding",
    "open_blob",
    "open_whole",
    "plain_copy",
    "receive",
]


@dataclass(frozen=True)
class Receipt:
    """What lies on disk after ``receive``: hash of the plain bytes, blob name, plain bytes."""

    sha256: str
    blob: str
    size: int


@dataclass(frozen=True)
class Held:
    """A file that came in whole and has no name yet; without one it goes when ``holding`` ends."""

    receipt: Receipt
    temporary: Path

    def keep(self) -> None:
        """Give it its name, once everything else that could fail was done. Before the commit: a
        row must never name a blob that is not there."""
        _settle(self.temporary, self.receipt)


def receive(
    chunks: Iterable[bytes],
    *,
    unit: Unit,
    level: int,
    max_bytes: int,
    check: Callable[[Path], object] | None = None,
) -> Receipt:
    """Store a stream: temp file → write → fsync → read back → rename → fsync of the directory.

    The bytes are encrypted on their way to the disk, and read back through the decryption that
    every later reader uses. The database row is the caller's next step; only after its commit may
    "received" be said. A crash in between leaves at most an unreferenced blob, never a row without
    bytes.

    check: looks at the whole plain file before it gets its name and raises to refuse it. Refusing
    later would mean deleting a blob that an equal file, received at the same moment, may rest on.

    Raises RefusedError (empty, too_large, above_ceiling); ImproperlyConfigured without a key for
    the level; nothing is left behind then.
    """
    with holding(chunks, unit=unit, level=level, max_bytes=max_bytes, check=check) as held:
        held.keep()
    return held.receipt


@contextmanager
def holding(
    chunks: Iterable[bytes],
    *,
    unit: Unit,
    level: int,
    max_bytes: int,
    check: Callable[[Path], object] | None = None,
) -> Iterator[Held]:
    """``receive`` up to the name, which the caller has to give by ``keep``: rows and trail first,
    so that nothing lies there if they cannot be written."""
    check_level(level)
    blobs.require_keys()
    with blobs.temporary() as temporary:
        receipt = _write(temporary, chunks, unit, level, max_bytes)
        _verify(temporary, receipt, check)
        yield Held(receipt, temporary)


def blob_name(sha256: str, *, unit: Unit, level: int) -> str:
    """Keyed hash of unit, level and content: equal bytes elsewhere have another name.

    Unit and level are those of the moment of receiving. A later change of either leaves the name
    as it is: the row keeps it, so the file stays readable (docs/adr/0008).
    """
    if not settings.FILE_NAME_KEY:
        raise ImproperlyConfigured("FILE_NAME_KEY is not set")
    message = f"{unit.pk}:{level}:{sha256}".encode()
    return hmac.new(settings.FILE_NAME_KEY.encode(), message, hashlib.sha256).hexdigest()


def _write(
    temporary: Path, chunks: Iterable[bytes], unit: Unit, level: int, max_bytes: int
) -> Receipt:
    with temporary.open("wb") as out:
        writer = crypto.Writer(out) if blobs.encrypting() else None
        digest, size = _copy(chunks, out if writer is None else writer, max_bytes)
        blob = blob_name(digest, unit=unit, level=level)
        if writer is not None:
            writer.finish(blob=blob, by=_newest(level))
        out.flush()
        os.fsync(out.fileno())
    return Receipt(sha256=digest, blob=blob, size=size)


def _newest(level: int) -> FileKey:
    try:
        return blobs.ring().newest(level)
    except KeyMissingError as error:
        raise ImproperlyConfigured(f"File keys: {error}") from error


def _copy(chunks: Iterable[bytes], out: blobs.Sink, max_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise RefusedError(
                Problem(
                    "too_large",
                    _("The file is larger than %(limit)d MB.") % {"limit": max_bytes // 2**20},
                )
            )
        digest.update(chunk)
        out.write(chunk)
    if size == 0:
        raise RefusedError(Problem("empty", _("The file is empty.")))
    return digest.hexdigest(), size


def _verify(temporary: Path, receipt: Receipt, check: Callable[[Path], object] | None) -> None:
    """Read back what lies on disk; ``check`` looks at those very bytes."""
    if check is None or not blobs.encrypting():
        if not _holds(temporary, receipt):
            raise OSError("bytes read back differ from bytes received")
        if check is not None:
            check(temporary)
        return
    with blobs.nameless() as (copy, path):
        with blobs.open_stored(temporary, receipt.blob) as stored:
            if blobs.sha256_of(stored, into=copy) != receipt.sha256:
                raise OSError("bytes read back differ from bytes received")
        copy.flush()
        check(path)


def _holds(path: Path, receipt: Receipt) -> bool:
    with blobs.open_stored(path, receipt.blob) as stored:
        return blobs.sha256_of(stored) == receipt.sha256


def _settle(temporary: Path, receipt: Receipt) -> None:
    """Give the file its name; an equal file that is there already stays if it is still whole.

    Either way it is young from now on: the sweep leaves it to the row that follows.
    """
    target = blob_path(receipt.blob)
    with quarantine.receiving():
        try:
            if target.exists() and _holds(target, receipt):
                os.utime(target)
                blobs.sync_directory(target.parent)  # whoever renamed it may not have come that far
                return
        except (DamagedError, KeyMissingError, FileNotFoundError):
            pass  # no loss: the bytes in hand are those that belong there
        os.utime(temporary)
        blobs.place(temporary, receipt.blob)
