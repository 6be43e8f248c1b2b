"""The drill: a backup restored into a scratch cluster and directory, verified, and thrown away.

The same command that would restore in earnest runs in a process of its own, with the installation's
keys and with the scratch in place of database and files. Nothing of it can reach the installation:
it does not know the address of the live database, and it has the seals' public key alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.db.models import Max

from config.keeping import keys
from config.keeping.errors import KeepingError
from config.keeping.manifest import Manifest, read_manifest
from config.keeping.place import Place
from config.launcher import postgres
from config.launcher.children import Child
from config.launcher.keys import Keys
from config.launcher.places import ROOT, LauncherError, Places
from security.models import AuditEvent

PREFIX = "sauro-drill-"


@dataclass
class Drilled:
    """What the drill found."""

    manifest: Manifest
    age: timedelta
    lost_rows: int  # rows of the live trail that a restore of this backup would not have
    restored: dict[str, Any]
    seconds: float
    faults: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, int]:
        counted = {k: v for k, v in self.restored.items() if isinstance(v, int)}
        return {
            **counted,
            "age_seconds": round(self.age.total_seconds()),
            "trail_rows_not_in_it": self.lost_rows,
            "faults": len(self.faults),
            "seconds": round(self.seconds),
        }


def drill(
    directory: Path,
    *,
    now: datetime,
    backup: str = "",
    sample: int = 1,
    room: Path | None = None,
    into: str = "",
) -> Drilled:
    """Restore the newest backup (or the named one) into a scratch and verify it.

    room: where the scratch lies, else the directory of temporary files. into: address of an empty
    database made for the drill, where no server programs are installed; it is emptied again.
    Raises KeepingError where the backup could not be restored.
    """
    started = time.monotonic()
    place = Place(directory.resolve())
    found = read_manifest(place.chosen(backup))
    with scratch(room) as here, _server(here, into) as address:
        restored = _restored(place, found.manifest.name, here, address, sample)
    last = AuditEvent.objects.aggregate(last=Max("id"))["last"] or 0
    return Drilled(
        manifest=found.manifest,
        age=now - datetime.fromisoformat(found.manifest.at),
        lost_rows=AuditEvent.objects.filter(
            id__gt=found.manifest.trail.last_id, id__lte=last
        ).count(),
        restored=restored,
        seconds=time.monotonic() - started,
        faults=restored["named"],
    )


# --- the scratch ----------------------------------------------------------------------


@contextmanager
def scratch(room: Path | None = None) -> Iterator[Path]:
    """A private directory that goes in any case. What drills that were killed left goes first."""
    parent = Path(room or tempfile.gettempdir())
    for rest in parent.glob(f"{PREFIX}*"):
        _sweep(rest)
    here = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    here.chmod(0o711)  # the server of the scratch may be another user
    try:
        with (here / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield here
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _sweep(rest: Path) -> None:
    """Remove the scratch of a drill whose process is gone, its server first."""
    try:
        with (rest / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = rest / "var" / "postgres" / "data"
            postgres.clear_stale_pid(data)
            shutil.rmtree(rest, ignore_errors=True)
    except OSError:
        return  # at work, or somebody else's


@contextmanager
def _server(here: Path, into: str) -> Iterator[str]:
    """The address of an empty database: the one that was named, or a cluster of our own."""
    if into:
        try:
            yield into
        finally:
            _empty(into)
        return
    places = Places(ROOT, here / "var")
    places.make()
    children: list[Child] = []
    try:
        cluster = postgres.cluster_of(places, throwaway=True)
        log = places.log / "postgres.log"
        yield postgres.start(cluster, Keys(), log=log, children=children).owner
    except LauncherError as error:
        raise KeepingError(
            f"No scratch server could be started: {error} Install the package postgresql, or name "
            "an empty database with --into."
        ) from error
    finally:
        while children:
            children.pop().stop()


def _empty(address: str) -> None:
    link = psycopg2.connect(address, connect_timeout=10)
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    link.close()


# --- the restore ----------------------------------------------------------------------


def _restored(place: Place, name: str, here: Path, address: str, sample: int) -> dict[str, Any]:
    """Run ``restore`` in a process of its own; what it found. KeepingError where it could not."""
    public = _public_key(here)
    command = [
        *(sys.executable, "-m", "manage", "restore", str(place.root), "--json"),
        *("--backup", name, "--sample", str(sample)),
        *("--checkpoints", str(settings.AUDIT_CHECKPOINTS_DIR)),
        *(("--pubkey", str(public)) if public else ("--accept-unsigned",)),
    ]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=_environment(here, address), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode not in {0, 3}:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise KeepingError(f"The drill failed: {lines[-1] if lines else done.returncode}")
    restored: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return restored


def _public_key(here: Path) -> Path | None:
    key = keys.seal_key()
    if key is None:
        return None
    path = here / "seal.pub"
    path.write_bytes(
        key.public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def _environment(here: Path, address: str) -> dict[str, str]:
    """The installation's keys, and the scratch in place of everything that could be written."""
    own = {
        "DATABASE_URL": address,
        "DATABASE_OWNER_URL": address,
        "DATA_DIR": str(here / "data"),
        "AUDIT_CHECKPOINTS_DIR": str(here / "checkpoints"),
        "AUDIT_SEAL_KEY_FILE": str(here / "no-key"),
        "BACKUP_DIR": "",
        "LOG_LEVEL": "WARNING",
    }
    kept = {
        "SECRET_KEY": settings.SECRET_KEY,
        "FILE_NAME_KEY": settings.FILE_NAME_KEY,
        "FILE_KEYS": settings.FILE_KEYS,
        "FILE_KEYS_FILE": str(settings.FILE_KEYS_FILE),
        "FILE_ENCRYPTION": settings.FILE_ENCRYPTION,
        "MAX_SECRECY_LEVEL": str(settings.MAX_SECRECY_LEVEL),
    }
    return {**os.environ, **kept, **own}
