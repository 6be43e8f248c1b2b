"""Backups and drills with their record: what the state of the installation is told from."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage

from django.utils import timezone

from config.keeping.drill import Drilled, drill
from config.keeping.making import Made, make_backup
from security.models.upkeep_runs import UpkeepRun
from security.services.upkeep_runs import recorded


def back_up(directory: Path, *, keep: int) -> Made:
    """Make a backup and record the run. Raises KeepingError."""
    with recorded(UpkeepRun.Kind.BACKUP) as running:
        made = make_backup(directory, keep=keep)
        running.figures = {**made.figures(), **_room_left(directory)}
        running.said = made.manifest.name
        running.problems = bool(made.files.missing)
    return made


def _room_left(directory: Path) -> dict[str, int]:
    """The web processes do not reach the backups; this is how the screen knows."""
    usage = disk_usage(directory)
    return {"disk_bytes": usage.total, "disk_free_bytes": usage.free}


def rehearse(
    directory: Path, *, backup: str = "", sample: int = 1, room: Path | None = None, into: str = ""
) -> Drilled:
    """Drill the restore of a backup and record the run. Raises KeepingError."""
    with recorded(UpkeepRun.Kind.DRILL) as running:
        done = drill(
            directory, now=timezone.now(), backup=backup, sample=sample, room=room, into=into
        )
        running.figures = done.figures()
        running.said = done.manifest.name
        running.problems = bool(done.faults)
    return done
