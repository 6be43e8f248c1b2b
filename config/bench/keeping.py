"""``bench keeping``: a backup and a restore, against ``pg_dump`` and ``cp`` of the same.

Pages of about 20 kB, made up and encrypted as they are stored, and ten rows of the trail to each,
sealed. The floor is what an administrator would type: ``pg_dump --format=custom`` and ``cp -r`` of
the files, one after the other, and back with ``pg_restore`` and ``cp -r``; each ends with ``sync``,
for a copy that a power cut takes back is none. The product holds one moment, hashes everything,
signs what it did; on the way back it proves every file by hash and decryption and recomputes the
seals of the whole trail. ``restore`` runs in a process of its own, as ``manage.py restore`` does;
what it takes to start is part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from config.bench import Result
from config.bench.audit import _make_rows
from config.bench.database import own_database
from config.keeping import database
from config.keeping.making import make_backup
from security import blobs, crypto, keyring
from security.database_roles import as_owner
from security.models import StoredFile, Unit
from security.seals.keys import make_key
from security.seals.sealing import seal
from security.services import create_unit

SCALE = 100_000
PAGE = 20_000
ROWS_PER_PAGE = 10
LEAST = 0.5
AT_ONCE = 2000


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """In a database and a directory of its own. ``scale``: pages (and ten trail rows each)."""
    pages = scale or SCALE
    keys = keyring.with_new_version("")
    with (
        own_database("bench_keeping"),
        tempfile.TemporaryDirectory(prefix="bench-keeping-", dir=_room()) as name,
    ):
        room = Path(name)
        room.chmod(0o711)
        with override_settings(
            DATA_DIR=room / "data", FILE_KEYS=keys, FILE_ENCRYPTION="on",
            AUDIT_SEAL_KEY_FILE=room / "keys" / "seal.pem",
            AUDIT_CHECKPOINTS_DIR=room / "checkpoints",
        ):  # fmt: skip
            make_key(settings.AUDIT_SEAL_KEY_FILE)
            size = _fill(pages)
            figures, floors = _measure(room, size)
    ratios = {
        "backup": round(figures["backup_mb_s"] / floors["dump_and_copy_mb_s"], 2),
        "restore": round(figures["restore_mb_s"] / floors["restore_and_copy_mb_s"], 2),
    }
    return Result(
        name="keeping",
        scale=pages,
        figures=figures,
        floors=floors,
        ratios=ratios,
        targets={"backup": LEAST, "restore": LEAST},
        ok=all(ratio >= LEAST for ratio in ratios.values()),
    )


def _room() -> Path:
    """Beside the installation's own files: on the disk that backups are about."""
    room = Path(settings.VAR_DIR)
    room.mkdir(parents=True, exist_ok=True)
    return room


# --- what is backed up ------------------------------------------------------------------


def _fill(pages: int) -> int:
    """Pages with their rows, and a sealed trail; bytes of files and database."""
    unit = create_unit(actor=None, code="BENCH", name="Bench")
    written = 0
    for start in range(0, pages, AT_ONCE):
        rows = [_page(unit) for _number in range(start, min(start + AT_ONCE, pages))]
        StoredFile.objects.bulk_create(rows)
        written += sum(blobs.blob_path(row.blob).stat().st_size for row in rows)
    _make_rows(pages * ROWS_PER_PAGE)
    seal(now=timezone.now())
    os.sync()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return written + int(cursor.fetchone()[0])


def _page(unit: Unit) -> StoredFile:
    """A page as it lies on the disk after receiving, without the waiting for each one."""
    content = os.urandom(PAGE)
    digest = hashlib.sha256(content).hexdigest()
    path = blobs.blob_path(digest)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb") as out:
        writer = crypto.Writer(out)
        writer.write(content)
        writer.finish(blob=digest, by=blobs.ring().newest(1))
    return StoredFile(
        unit=unit, unit_path=unit.path, level=1, sha256=digest, blob=digest, size=PAGE,
        media_type="image/png", created_at=timezone.now(),
    )  # fmt: skip


# --- measured ---------------------------------------------------------------------------


def _measure(room: Path, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    backups, plain = room / "backups", room / "plain"
    for directory in (backups, plain):
        directory.mkdir()
    floor_out = _timed(lambda: _dump_and_copy(plain))
    out = _timed(lambda: make_backup(backups, keep=9))
    again = _timed(lambda: make_backup(backups, keep=9))
    # Nothing is removed before the last measure: for minutes after, a file system looks at every
    # inode that was freed and passes it by, so that new files cost it several times as much.
    floor_back = _timed(lambda: _restore_and_copy(plain, room / "plain-data"))
    said: dict[str, Any] = {}
    back = _timed(lambda: said.update(_restored(backups, room)))
    if said["named"]:
        raise RuntimeError(said["named"][0])
    megabytes = size / 1e6
    figures = {
        "megabytes": round(megabytes),
        "backup_s": round(out, 1),
        "backup_mb_s": round(megabytes / out, 1),
        "second_backup_s": round(again, 1),
        "restore_s": round(back, 1),
        "restore_mb_s": round(megabytes / back, 1),
        **{f"restore_{part}_s": seconds for part, seconds in said["timing"].items()},
        "trail_rows": said["trail_rows"],
        "files_proven": said["proven"],
    }
    floors = {
        "dump_and_copy_s": round(floor_out, 1),
        "dump_and_copy_mb_s": round(megabytes / floor_out, 1),
        "restore_and_copy_s": round(floor_back, 1),
        "restore_and_copy_mb_s": round(megabytes / floor_back, 1),
    }
    return figures, floors


def _timed(action: Callable[[], object]) -> float:
    """Seconds, from a quiet disk: what was written before is no cost of this."""
    os.sync()
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _dump_and_copy(goal: Path) -> None:
    owner = database.owners()
    _run(["pg_dump", "--format=custom", f"--file={goal / 'database.dump'}"], owner)
    _run(["cp", "-r", str(blobs.blobs_root()), str(goal)], owner)
    _run(["sync"], owner)


def _restore_and_copy(source: Path, goal: Path) -> None:
    goal.mkdir()
    with _another("plain") as name:
        target = database.owners().named(name)
        _run(
            ["pg_restore", "--no-owner", f"--dbname={name}", str(source / "database.dump")], target
        )
        _run(["cp", "-r", str(source / "blobs"), str(goal)], target)
        _run(["sync"], target)


def _restored(backups: Path, room: Path) -> dict[str, Any]:
    with _another("restored") as name:
        owner = database.owners().named(name)
        address = f"postgres://{owner.user}:{owner.password}@{owner.host}:{owner.port}/{name}"
        environment = {
            **os.environ,
            "DATABASE_URL": address,
            "DATABASE_OWNER_URL": address,
            "DATA_DIR": str(room / "restored"),
            "FILE_KEYS": settings.FILE_KEYS,
            "FILE_ENCRYPTION": "on",
            "FILE_NAME_KEY": settings.FILE_NAME_KEY,
            "SECRET_KEY": settings.SECRET_KEY,
            "AUDIT_SEAL_KEY_FILE": str(settings.AUDIT_SEAL_KEY_FILE),
            "AUDIT_CHECKPOINTS_DIR": str(room / "checkpoints"),
            "LOG_LEVEL": "ERROR",
        }
        done = subprocess.run(
            [sys.executable, "-m", "manage", "restore", str(backups), "--json"],
            cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if not done.stdout:
        raise RuntimeError(done.stderr[-600:])
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def _run(command: list[str], to: database.Database) -> None:
    subprocess.run(command, env=to.environment(), check=True, capture_output=True)


class _another:
    """A further empty database on the same server, for as long as it is needed."""

    def __init__(self, suffix: str) -> None:
        self.name = f"{connection.settings_dict['NAME']}_{suffix}"

    def __enter__(self) -> str:
        self._drop()
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self._quoted} TEMPLATE template0")
        return self.name

    def __exit__(self, *_error: object) -> None:
        self._drop()

    def _drop(self) -> None:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self._quoted}")

    @property
    def _quoted(self) -> str:
        return connection.ops.quote_name(self.name)
