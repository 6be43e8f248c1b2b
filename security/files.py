"""Files on disk: received whole or not at all, named by a keyed hash, never overwritten."""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from security.models import Unit
from security.services import Problem, RefusedError, check_level


@dataclass(frozen=True)
class Receipt:
    """What lies on disk after ``receive``: hash of the plain bytes, blob name, bytes."""

    sha256: str
    blob: str
    size: int


def receive(
    chunks: Iterable[bytes],
    *,
    unit: Unit,
    level: int,
    max_bytes: int,
    check: Callable[[Path], object] | None = None,
) -> Receipt:
    """Store a stream: temp file → write → fsync → read back → rename → fsync of the directory.

    The database row is the caller's next step; only after its commit may "received" be said. A
    crash in between leaves at most an unreferenced blob, never a row without bytes.

    check: looks at the whole file before it gets its name and raises to refuse it. Refusing later
    would mean deleting a blob that an equal file, received at the same moment, may rest on.

    Raises RefusedError (empty, too_large, above_ceiling); nothing is left behind then.
    """
    check_level(level)
    incoming = settings.DATA_DIR / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=incoming)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            digest, size = _copy(chunks, out, max_bytes)
            out.flush()
            os.fsync(out.fileno())
        if _sha256_of(temporary) != digest:
            raise OSError("bytes read back differ from bytes received")
        if check is not None:
            check(temporary)
        return _settle(temporary, digest, size, unit, level)
    finally:
        temporary.unlink(missing_ok=True)


def blob_path(blob: str) -> Path:
    """Where a blob lies: ``blobs/ab/cd/abcd…``."""
    return settings.DATA_DIR / "blobs" / blob[:2] / blob[2:4] / blob


def open_blob(blob: str) -> BinaryIO:
    return blob_path(blob).open("rb")


def blob_name(sha256: str, *, unit: Unit, level: int) -> str:
    """Keyed hash of unit, level and content: equal bytes elsewhere have another name.

    Unit and level are those of the moment of receiving. A later change of either leaves the name
    as it is: the row keeps it, so the file stays readable (docs/adr/0008).
    """
    if not settings.FILE_NAME_KEY:
        raise ImproperlyConfigured("FILE_NAME_KEY is not set")
    message = f"{unit.pk}:{level}:{sha256}".encode()
    return hmac.new(settings.FILE_NAME_KEY.encode(), message, hashlib.sha256).hexdigest()


def _copy(chunks: Iterable[bytes], out: BinaryIO, max_bytes: int) -> tuple[str, int]:
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


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def _settle(temporary: Path, digest: str, size: int, unit: Unit, level: int) -> Receipt:
    blob = blob_name(digest, unit=unit, level=level)
    target = blob_path(blob)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.replace(target)
        _fsync_directory(target.parent)
    return Receipt(sha256=digest, blob=blob, size=size)


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
