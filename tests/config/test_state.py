"""The state of the installation: each line by its facts, and who may look."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config import health
from config.state import keeping, processes, storage, trail
from config.state.line import Line
from digitization import upkeep
from digitization.sweeping import sweep_files
from security import audit
from security.blobs import blob_path
from security.database_roles import Powers
from security.models import UpkeepRun
from security.services.upkeep_runs import begin_run, finish_run
from tests.digitization.make import make_room
from tests.digitization.test_upkeep import make_read_page, rot
from tests.security.seals import seal_all, sealing, write

__all__ = ["sealing"]

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def make_run(kind: str, ago: timedelta, *, outcome: str = "ok", **figures: int) -> UpkeepRun:
    at = timezone.now() - ago
    return finish_run(run=begin_run(kind=kind, now=at), outcome=outcome, now=at, figures=figures)


def light(line: Line) -> str:
    """The light; and whatever is not in order says what to do."""
    assert line.why
    assert line.todo or line.light in {"green", "grey"}
    return line.light


# --- keeping ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "expected"), [(HOUR, "green"), (36 * HOUR - HOUR, "green"), (37 * HOUR, "red")]
)
def test_a_backup_may_be_36_hours_old(
    ago: timedelta, expected: str, settings: Any, tmp_path: Any
) -> None:
    settings.BACKUP_DIR = tmp_path
    make_run("backup", ago, files=12)
    line = keeping.backup(timezone.now())
    assert light(line) == expected
    assert "12" in line.why


def test_no_backup_at_all_is_red_and_says_what_to_set(settings: Any) -> None:
    settings.BACKUP_DIR = None
    line = keeping.backup(timezone.now())
    assert light(line) == "red"
    assert "BACKUP_DIR" in line.todo
    assert line.command == "manage.py backup DIR"
    make_run("backup", HOUR, outcome="failed")
    assert light(keeping.backup(timezone.now())) == "red"


def test_a_backup_by_hand_with_missing_files_or_followed_by_a_failure_is_yellow(
    settings: Any, tmp_path: Any
) -> None:
    settings.BACKUP_DIR = None
    make_run("backup", 3 * HOUR)
    assert light(keeping.backup(timezone.now())) == "yellow"
    settings.BACKUP_DIR = tmp_path
    assert light(keeping.backup(timezone.now())) == "green"
    make_run("backup", HOUR, outcome="failed")
    assert light(keeping.backup(timezone.now())) == "yellow"
    make_run("backup", HOUR / 2, outcome="problems")
    assert light(keeping.backup(timezone.now())) == "yellow"


@pytest.mark.parametrize(("ago", "expected"), [(91 * DAY, "green"), (93 * DAY, "red")])
def test_a_drill_may_be_92_days_old(ago: timedelta, expected: str) -> None:
    make_run("drill", ago)
    assert light(keeping.drill(timezone.now())) == expected


def test_a_drill_that_never_was_is_red_only_three_months_after_the_first_backup() -> None:
    assert light(keeping.drill(timezone.now())) == "grey"
    make_run("backup", 10 * DAY)
    assert light(keeping.drill(timezone.now())) == "yellow"
    make_run("backup", 93 * DAY)
    assert light(keeping.drill(timezone.now())) == "red"
    make_run("drill", DAY, outcome="failed")
    assert light(keeping.drill(timezone.now())) == "red"


# --- trail ------------------------------------------------------------------------------


def test_seals_are_grey_then_green_then_red_when_late(sealing: Any, settings: Any) -> None:
    assert light(trail.seals(timezone.now())) == "grey"
    write(3)
    seal_all()
    assert light(trail.seals(timezone.now())) == "green"
    assert light(trail.copies(timezone.now())) == "green"
    audit.record("read", actor=None)
    assert light(trail.seals(timezone.now() + 6 * HOUR)) == "red"
    shutil.rmtree(settings.AUDIT_CHECKPOINTS_DIR)
    assert light(trail.copies(timezone.now())) == "red"


def test_without_the_key_nothing_is_sealed(settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_SEAL_KEY_FILE = tmp_path / "gone.pem"
    line = trail.seals(timezone.now())
    assert light(line) == "red"
    assert str(tmp_path) not in line.why


def test_months_ahead_are_counted_without_a_gap() -> None:
    now = timezone.now()
    assert light(trail.partitions(now)) == "green"
    assert trail.months_ahead(now) >= 3
    assert light(trail.partitions(now + 90 * DAY)) in {"yellow", "red"}
    assert light(trail.partitions(now + 400 * DAY)) == "red"
    assert trail.months_ahead(now + 400 * DAY) == -1


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (Powers(False, False, False, False), "green"),
        (Powers(True, False, False, False), "red"),
        (Powers(False, True, False, False), "red"),
        (Powers(False, False, True, False), "red"),
        (Powers(False, False, False, True), "red"),
        (None, "grey"),
    ],
)
def test_an_application_that_owns_the_trail_is_red(
    held: Powers | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "powers", lambda: held)
    assert light(trail.database_role()) == expected


# --- files ------------------------------------------------------------------------------


def test_reading_of_all_files_is_grey_then_green_then_red_when_nights_are_missed() -> None:
    now = timezone.now()
    assert light(storage.coverage(storage.installed_at(now))) == "grey"
    assert light(storage.coverage(storage.installed_at(now) + 2 * DAY)) == "red"
    upkeep.check_files(shares=[1, 2])
    assert light(storage.coverage(timezone.now())) == "yellow"
    upkeep.check_files()
    assert light(storage.coverage(timezone.now())) == "green"
    assert light(storage.coverage(timezone.now() + 2 * DAY)) == "red"


def test_a_damaged_file_is_red_until_it_is_whole_and_links_to_its_number() -> None:
    found = make_read_page(make_room())
    content = blob_path(found.thumbnail).read_bytes()
    assert light(storage.findings()) == "green"
    rot(found.thumbnail)
    upkeep.check_files()
    line = storage.findings()
    assert light(line) == "red"
    assert line.url == reverse("damaged_files")
    blob_path(found.thumbnail).write_bytes(content)
    upkeep.check_files(shares=[])
    assert light(storage.findings()) == "green"


def test_keys_are_told_by_version_alone(settings: Any) -> None:
    line = storage.keys()
    assert light(line) == "green"
    assert not any(key.split(":")[2] in line.why for key in settings.FILE_KEYS.split())
    settings.FILE_KEYS += "".join(f"\n{level}:9:{level:064x}" for level in range(4))
    assert light(storage.keys()) == "yellow"
    assert "9" in storage.keys().why
    settings.FILE_KEYS = ""
    settings.FILE_KEYS_FILE = "/nowhere/keys"
    assert light(storage.keys()) == "red"
    settings.FILE_ENCRYPTION = "off"
    assert light(storage.keys()) == "red"


@pytest.mark.parametrize(
    ("free", "expected"), [(50, "green"), (15, "green"), (14, "yellow"), (5, "yellow"), (4, "red")]
)
def test_a_disk_without_room_is_red(free: int, expected: str) -> None:
    assert light(storage.room("disk", "x", free=free, total=100)) == expected


def test_a_disk_that_is_not_there_is_red(settings: Any, tmp_path: Any) -> None:
    make_read_page(make_room())
    settings.DATA_DIR = tmp_path / "not mounted"
    (line,) = storage.disks()
    assert light(line) == "red"
    assert str(tmp_path) not in line.why


def test_a_new_installation_has_no_directory_of_files_yet(settings: Any, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path / "made" / "by the first file"
    (line,) = storage.disks()
    assert line.light != "red" or "%" in line.why


def test_the_room_for_backups_is_what_the_last_one_left() -> None:
    make_run("backup", 2 * HOUR, disk_bytes=100, disk_free_bytes=50)
    make_run("backup", HOUR, disk_bytes=100, disk_free_bytes=3)
    assert [light(line) for line in storage.disks()][1] == "red"


def test_the_volume_and_the_quarantine_are_told_after_the_first_night() -> None:
    assert light(storage.volume()) == light(storage.unnamed()) == "grey"
    make_read_page(make_room())
    sweep_files()
    assert light(storage.volume()) == light(storage.unnamed()) == "green"
    assert "3" in storage.volume().why
    make_run("sweep", timedelta(), back=1)
    assert light(storage.unnamed()) == "yellow"


# --- processes --------------------------------------------------------------------------


def test_a_clock_that_stands_still_is_red() -> None:
    PeriodicTask.objects.all().delete()
    now = timezone.now()
    assert light(processes.clock(storage.installed_at(now))) == "grey"
    assert light(processes.clock(storage.installed_at(now) + 2 * HOUR)) == "red"
    every, _made = IntervalSchedule.objects.get_or_create(every=60, period="seconds")
    PeriodicTask.objects.create(name="x", task="x", interval=every, last_run_at=now)
    assert light(processes.clock(now + timedelta(minutes=9))) == "green"
    assert light(processes.clock(now + timedelta(minutes=11))) == "red"


def test_pages_that_wait_for_hours_are_yellow() -> None:
    assert light(processes.queue(timezone.now())) == "green"
    make_read_page(make_room())
    assert light(processes.queue(datetime(2100, 1, 1, tzinfo=timezone.get_current_timezone()))) == (
        "yellow"
    )


def test_a_migration_that_is_not_done_is_red() -> None:
    assert light(processes.migrations()) == "green"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'security'")
    assert light(processes.migrations()) == "red"


def test_no_worker_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "broker", lambda: False)
    assert light(processes.workers()) == "red"
    monkeypatch.setattr(health, "broker", lambda: True)
    monkeypatch.setattr(health, "worker", lambda: False)
    assert light(processes.workers()) == "red"
    monkeypatch.setattr(health, "worker", lambda: True)
    assert light(processes.workers()) == "green"
