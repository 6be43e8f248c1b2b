"""Restoring: an empty database and data directory become the installation of a backup.

Whatever can be refused is refused before anything is touched. Then the house is closed; only
``reopen`` opens it. A restore that broke off goes on when it is started again with the same backup.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from config.keeping import closed, database, keys, revoked, target
from config.keeping.closed import Closed
from config.keeping.errors import KeepingError
from config.keeping.files import digest_of, read_list
from config.keeping.manifest import Found, Manifest, read_manifest
from config.keeping.place import Place, sync_everything
from config.keeping.proving import Proof, bring_back, key_problem
from config.keeping.trail import (
    TrailState,
    check_restored_trail,
    meet_the_count,
    put_lost_seals_aside,
)
from digitization.stored import named_blobs
from security.models import EmergencyAccess, Invitation
from security.models.upkeep_runs import UpkeepRun
from security.seals.keys import SealKeyError
from security.seals.sealing import seal
from security.seals.store import CheckpointConflictError
from security.seals.verifying import PublicKeys
from security.services.upkeep_runs import begin_run, finish_run


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    directory: Path
    backup: str = ""
    checkpoints: Path | None = None
    pubkeys: list[Path] | None = None
    sample: int = 1
    accept_unsigned: bool = False


@dataclass
class Restored:
    """What was restored and how it was found."""

    manifest: Manifest
    proof: Proof
    trail: TrailState
    sample: int
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    revocations: int = 0
    sessions: int = 0
    seconds: float = 0.0
    timing: dict[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, int]:
        return {
            "files": sum(self.proof.counts.values()),
            "bytes": self.proof.bytes,
            "files_bad": self.proof.faults,
            "proven": self.proof.counts["whole"],
            "tables": len(self.manifest.tables),
            "rows": sum(self.manifest.tables.values()),
            "trail_rows": self.manifest.trail.rows,
            "seals": self.trail.checkpoints,
            "lost_seals": self.trail.lost_seals,
            "lost_rows": self.trail.lost_rows,
            "revocations": self.revocations,
            "faults": len(self.faults),
            "seconds": round(self.seconds),
        }


def restore(wanted: Wanted, *, now: datetime) -> Restored:
    """Restore a backup and verify it; the installation stays closed. Raises KeepingError."""
    started = time.monotonic()
    place = Place(wanted.directory.resolve())
    found = read_manifest(place.chosen(wanted.backup))
    publics = keys.public_keys(wanted.pubkeys) if found.key_id or wanted.pubkeys else {}
    check_backup(found, place, publics, accept_unsigned=wanted.accept_unsigned)
    state = _close(found, now)
    try:
        done = _restore(found, place, wanted, state, publics, now)
    except OSError as error:
        raise KeepingError(
            f"The restore broke off: {error.strerror or error} ({error.filename}). The installation "
            "stays closed; start the same restore again and it goes on."
        ) from error
    done.seconds = time.monotonic() - started
    _write_down(done, now)
    return done


# --- before anything is touched -------------------------------------------------------


def check_backup(
    found: Found, place: Place, publics: PublicKeys, *, accept_unsigned: bool = False
) -> None:
    """KeepingError unless the backup is what was signed and these keys and this product fit it."""
    if not (accept_unsigned and not found.key_id):
        found.check_signature(publics)
    manifest = found.manifest
    for part in (manifest.dump, manifest.files):
        path = found.directory / part.file
        if not path.is_file() or digest_of(path) != part.sha256:
            raise KeepingError(
                f"{path} is missing, cut or damaged: it is not what the manifest says. Nothing was "
                "touched. Take another backup (--backup NAME)."
            )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    unknown = sorted(set(manifest.migrations) - known)
    if unknown:
        raise KeepingError(
            f"The backup was made by a newer product ({manifest.product}): {unknown[0]} and "
            f"{len(unknown) - 1} more are unknown here. Install that version first."
        )
    problem = key_problem(read_list(found.directory / manifest.files.file), place)
    if problem:
        raise KeepingError(
            f"The keys of the stored files do not fit this backup: {problem}. Nothing was touched. "
            "Put FILE_KEYS (or the file FILE_KEYS_FILE) of that time back."
        )


def _close(found: Found, now: datetime) -> Closed:
    """Look whether the target is empty, and close the house before the first step."""
    state = closed.read()
    if state is None:
        target.check_database()
        target.check_files(found.manifest)
    elif state.manifest != found.sha256:
        raise KeepingError(
            f"Here a restore of {state.backup} began and did not end, or was not opened. Go on with "
            f"that one (--backup {state.backup}), or begin with an empty database and directory."
        )
    elif state.phase == closed.RESTORED:
        raise KeepingError(f"{state.backup} is restored here already. Next: manage.py reopen.")
    state = state or Closed(found.manifest.name, found.sha256, now.isoformat())
    closed.write(state)
    return state


# --- the steps ------------------------------------------------------------------------


def _restore(
    found: Found, place: Place, wanted: Wanted, state: Closed, publics: PublicKeys, now: datetime
) -> Restored:
    manifest, times, began = found.manifest, {}, time.monotonic()
    directory = wanted.checkpoints or settings.AUDIT_CHECKPOINTS_DIR
    # The database works for itself meanwhile; neither needs the other.
    with _database_beside(found, state) as database_there:
        proof = bring_back(
            read_list(found.directory / manifest.files.file), place, sample=wanted.sample
        )
        sync_everything(Path(settings.DATA_DIR))
        times["files"] = time.monotonic() - began
        faults = database_there()
    times["files_and_database"] = time.monotonic() - began
    began = time.monotonic()
    trail = check_restored_trail(publics, directory, now=now)
    times["trail"] = time.monotonic() - began
    done = Restored(manifest, proof, trail, wanted.sample, faults, timing=times)
    done.faults += [f"file {bad}" for bad in proof.bad] + trail.faults
    done.faults += _unlisted(found)
    done.faults += [
        f"{name} is not the one of the backup" for name in keys.changed_marks(manifest.marks)
    ]
    done.said += trail.said
    done.sessions = end_everything_open(now)
    _finish(done, state, directory, publics)
    return done


@contextmanager
def _database_beside(found: Found, state: Closed) -> Iterator[Callable[[], list[str]]]:
    """Begin to bring the dump back; what is given waits for it and says which tables differ."""
    if state.phase != closed.BEGUN:
        yield lambda: state.faults
        return
    owner = database.owners()
    if target.has_tables() and _is_this(found):
        yield lambda: _compared(found, state, owner)
        return
    target.check_database()
    target.empty_schema()
    with database.restoring(found.directory / found.manifest.dump.file, owner) as work:

        def ended() -> list[str]:
            work.wait()
            return _compared(found, state, owner)

        yield ended


def _compared(found: Found, state: Closed, owner: database.Database) -> list[str]:
    """Compare every table with the manifest, then bring the tables to this product's version."""
    link = owner.connect()
    counts = database.count_rows(link)
    link.close()
    expected = found.manifest.tables
    state.faults = [
        f"table {name}: {expected.get(name, 0)} rows were saved, {counts.get(name, 0)} are here"
        for name in sorted(expected.keys() | counts.keys())
        if expected.get(name, 0) != counts.get(name, 0)
    ]
    connection.close()  # prepared statements and roles of before the tables were there
    call_command("migrate", interactive=False, verbosity=0)
    state.phase = closed.DATABASE
    closed.write(state)
    return state.faults


def _is_this(found: Found) -> bool:
    """Whether the database holds this very backup: the restore was killed just after it."""
    link = database.owners().connect()
    counts = database.count_rows(link)
    link.close()
    return counts == found.manifest.tables


def _unlisted(found: Found) -> list[str]:
    """Rows whose file was missing when the backup was made. Exports come and go by themselves."""
    listed = {entry.blob for entry in read_list(found.directory / found.manifest.files.file)}
    return [
        f"{one.kind} {one.pk}: its file is not in the backup"
        for one in named_blobs()
        if one.blob not in listed and one.kind != "page_export"
    ]


@transaction.atomic
def end_everything_open(now: datetime) -> int:
    """End all sessions, links and emergency accesses: any of them may have been ended since.

    Returns how many sessions there were.
    """
    ended: int = Session.objects.all().delete()[0]
    UserSession.objects.all().delete()
    Invitation.objects.usable(now).update(revoked_at=now)
    EmergencyAccess.objects.in_force(now).update(valid_to=now)
    return ended


def _finish(done: Restored, state: Closed, directory: Path, publics: PublicKeys) -> None:
    """Write down what waits before the house may be opened, then let the trail go on."""
    found = revoked.since(directory, done.manifest.trail.checkpoint, publics)
    done.faults += found.faults
    done.revocations = len(found.entries)
    state.faults, state.revocations = done.faults, found.entries
    state.phase = closed.RESTORED
    closed.write(state)
    kept = Path(settings.AUDIT_CHECKPOINTS_DIR)
    try:
        aside = put_lost_seals_aside(kept, done.manifest.name)
    except OSError:
        done.said.append(
            f"Seals in {kept} cannot be moved aside. Set AUDIT_CHECKPOINTS_DIR to a new directory: "
            "the trail goes on with the same numbers."
        )
    else:
        if aside:
            done.said.append(f"Copies of seals made after the backup were moved to {aside}.")


def _write_down(done: Restored, now: datetime) -> None:
    """One line of the restored trail says what happened; runs that the dump shows as begun ended.

    Then the trail is sealed once, so that windows of this server begin where they should.
    """
    meet_the_count()
    for run in UpkeepRun.objects.running():
        finish_run(run=run, outcome=UpkeepRun.Outcome.FAILED, said="restored", now=now)
    run = begin_run(kind=UpkeepRun.Kind.RESTORE, now=now)
    problems = UpkeepRun.Outcome.PROBLEMS if done.faults else UpkeepRun.Outcome.OK
    finish_run(run=run, outcome=problems, figures=done.figures(), said=done.manifest.name, now=now)
    try:
        seal(now=now)
    except (SealKeyError, OSError, CheckpointConflictError) as error:
        done.said.append(f"Not sealed yet: {error}")
