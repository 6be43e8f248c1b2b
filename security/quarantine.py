"""Blobs that no row names leave in two steps: out of the way first, off the disk days later.

They come about when a machine dies between the file and its row. The rule that keeps a running
upload safe: a blob is touched when it is received, also when it lay there already, under the lock
that the sweep takes alone; the sweep looks at its age and asks for rows again while it holds it.
The row follows within ``SAFE_AGE``, or the upload is long dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from security import blobs

SAFE_AGE = 24 * 3600  # seconds; no upload lasts so long
KEPT = timedelta(days=30)  # in quarantine, as long as a month's round of checks
_LOCK = 0x5EA1_0002  # advisory lock
PATIENCE = 10.0  # seconds that the sweep waits for uploads to let it in


class BusyError(Exception):
    """Uploads did not let the sweep in; it comes again."""


def root() -> Path:
    return Path(settings.DATA_DIR) / "quarantine"


# --- the lock ---------------------------------------------------------------------------
# The database's, because machines that share the files by NFS share no other. Of the session, so
# whoever is killed gives it back.


@contextmanager
def receiving() -> Iterator[None]:
    """Held, together with others, while a file takes its name or turns out to lie there."""
    _ask("SELECT pg_advisory_lock_shared(%s)")
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock_shared(%s)")


@contextmanager
def sweeping() -> Iterator[None]:
    """Held alone while blobs go away. BusyError if receivers leave no gap within ``PATIENCE``."""
    until = time.monotonic() + PATIENCE
    while not _ask("SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() > until:
            raise BusyError
        time.sleep(0.02)
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s)")


def _ask(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_LOCK])
        return bool(cursor.fetchone()[0])


# --- in and out -------------------------------------------------------------------------


def set_aside(
    candidates: Collection[str],
    *,
    today: date,
    named: Callable[[Collection[str]], set[str]],
    older_than: float = SAFE_AGE,
) -> list[str]:
    """Move those of the blobs into quarantine that are old enough and that no row names.

    named: which of some blobs rows name; asked under the lock. Raises BusyError.
    """
    with sweeping():
        old = [blob for blob in candidates if age(blobs.blob_path(blob)) > older_than]
        spared = named(old) if old else set()
        gone = [blob for blob in old if blob not in spared]
        for blob in gone:
            target = root() / f"{today:%Y-%m-%d}" / blob
            _move(blobs.blob_path(blob), target)
        return gone


def age(path: Path) -> float:
    """Seconds since a file was written or touched; below zero when it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0


def aside() -> Iterator[tuple[date, str, Path]]:
    """Every blob in quarantine with the day it came."""
    for day in sorted(root().glob("????-??-??")):
        for path in sorted(day.iterdir()):
            yield date.fromisoformat(day.name), path.name, path


def put_back(path: Path) -> bool:
    """Give a blob its place again. False: another one took it meanwhile, which an upload proved.

    Raises BusyError: an upload that comes at the same moment must find the place as it is.
    """
    with sweeping():
        target = blobs.blob_path(path.name)
        if target.exists():
            return False
        _move(path, target)
        return True


def drop(path: Path) -> int:
    """Off the disk for good; how many bytes."""
    size = path.stat().st_size
    path.unlink()
    return size


def drop_empty_days() -> None:
    for day in root().glob("????-??-??"):
        with suppress(OSError):  # not empty
            day.rmdir()


def _move(source: Path, target: Path) -> None:
    blobs.make_directory(target.parent)
    source.rename(target)
    blobs.sync_directory(target.parent)
    blobs.sync_directory(source.parent)
