"""Making a backup.

The order matters. First a moment of the database is held, then its dump and the files are taken
*of that moment or later*. A row is committed only after its file lies synced in its place, and no
request ever deletes a file: so whatever the dump names is there when the files are copied. The
other way round, a file received between the two steps would be in the dump and not among the files.

The manifest comes last, after everything else is on the disk; then the directory gets its name.
Whatever dies on the way leaves no directory that passes for a backup, and what was copied so far is
found and compared by the next run.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from config.keeping import database, keys
from config.keeping.errors import KeepingError
from config.keeping.files import Copied, Entry, Names, copy_in, digest_of, read_list
from config.keeping.manifest import FILE, Dump, Files, Manifest, Trail, read_manifest
from config.keeping.place import (
    Place,
    alone,
    being_made,
    place_of,
    settle,
    sync_everything,
    write_synced,
)
from config.keeping.retention import Removed, keep_newest
from digitization.stored import named_blobs
from digitization.sweeping import named_among
from security.models import AuditCheckpoint, Installation
from security.seals.sealing import body_of

DUMP, LIST = "database.dump", "files.list"


@dataclass(frozen=True)
class Made:
    """A backup that is whole, and what it took."""

    manifest: Manifest
    sha256: str
    signed: bool
    files: Copied
    removed: Removed
    seconds: float

    def figures(self) -> dict[str, int]:
        """Counts and bytes, for the record of the run."""
        return {
            "files": self.files.count,
            "copied": self.files.copied,
            "skipped": self.files.skipped,
            "bytes_copied": self.files.bytes_copied,
            "bytes": self.files.bytes,
            "missing": len(self.files.missing),
            "dump_bytes": self.manifest.dump.size,
            "trail_rows": self.manifest.trail.rows,
            "trail_last_id": self.manifest.trail.last_id,
            "removed": self.removed.backups,
            "seconds": round(self.seconds),
        }


def make_backup(directory: Path, *, keep: int) -> Made:
    """Make one backup in this directory, then let go all but the ``keep`` newest.

    Raises KeepingError; what was there before is untouched then.
    """
    place = place_of(directory)
    try:
        with alone(place):
            return _make(place, keep=keep)
    except OSError as error:
        raise KeepingError(
            f"No backup was made: {error.strerror or error} ({error.filename or place.root}). "
            "What was copied so far stays, and the next run goes on from there."
        ) from error
    except (psycopg2.Error, DatabaseError) as error:
        raise KeepingError(f"No backup was made: the database said {error}") from error


def _make(place: Place, *, keep: int) -> Made:
    started = time.monotonic()
    owner = database.owners()
    with being_made(place) as making, database.snapshot(owner) as moment:
        with database.dumping(owner, moment, making / DUMP) as dump, database.seeing(moment):
            copied = _copy_files(place, making / LIST)
            facts = _facts(moment)
            dump.wait()
        absent, copied.missing = copied.missing, _still_named(copied.missing)
        name = _name(place, moment.at)
        manifest = Manifest(
            name=name,
            at=moment.at,
            dump=_dump_of(making / DUMP, moment.server, dump.tool),
            files=_files_of(making / LIST, copied, absent),
            **facts,
        )
        key = keys.seal_key()
        sync_everything(place.root)
        write_synced(making / FILE, manifest.as_file(key))
        settle(making, place.sets / name)
    found = read_manifest(place.sets / name)
    removed = keep_newest(place, keep)
    return Made(
        manifest, found.sha256, key is not None, copied, removed, time.monotonic() - started
    )


def _copy_files(place: Place, goal: Path) -> Copied:
    names = Names(named.blob for named in named_blobs())
    with goal.open("xb") as out:
        return copy_in(names, place, before=_vouched_for(place), out=out)


def _vouched_for(place: Place) -> Iterable[Entry]:
    """The files of the newest backup whose list is still what its manifest says."""
    for one in reversed(place.whole()):
        try:
            found = read_manifest(one)
            path = one / found.manifest.files.file
            if digest_of(path) == found.manifest.files.sha256:
                return read_list(path)
        except (KeepingError, OSError):
            continue
    return ()


def _facts(moment: database.Snapshot) -> dict[str, Any]:
    """What the database of that moment says of itself."""
    tables = database.count_rows(moment.link)
    return {
        "product": product_version(),
        "demo": Installation.objects.filter(is_demo=True).exists(),
        "migrations": sorted(
            f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()
        ),
        "tables": tables,
        "trail": _trail(tables),
        "marks": keys.marks(),
    }


def _trail(tables: dict[str, int]) -> Trail:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM security_auditevent")
        last_id = int(cursor.fetchone()[0])
    rows = sum(n for name, n in tables.items() if name.startswith("security_auditevent_"))
    last = AuditCheckpoint.objects.defer("leaves").order_by("-number").first()
    body = body_of(last) if last else None
    return Trail(
        rows=rows,
        last_id=last_id,
        checkpoint=body.number if body else 0,
        checkpoint_hash=body.digest.hex() if body else "",
        checkpoint_at=body.at if body else "",
    )


def product_version() -> str:
    project = Path(settings.BASE_DIR) / "pyproject.toml"
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


def _dump_of(path: Path, server: int, tool: str) -> Dump:
    return Dump(path.name, path.stat().st_size, digest_of(path), server, tool)


def _files_of(path: Path, copied: Copied, absent: list[str]) -> Files:
    return Files(path.name, digest_of(path), copied.count, copied.bytes, absent)


def _still_named(absent: list[str]) -> list[str]:
    """Without files that were made for once and went meanwhile: an export that ran out of time."""
    now = named_among(absent)
    return [blob for blob in absent if blob in now]


def _name(place: Place, at: str) -> str:
    """The moment as a name, so that names sort as time goes; never one that is there already."""
    stem = datetime.fromisoformat(at).strftime("%Y%m%dT%H%M%SZ")
    number, name = 1, stem
    while (place.sets / name).exists():
        number, name = number + 1, f"{stem}.{number + 1}"
    return name
