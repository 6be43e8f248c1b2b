"""The drill on the demonstration: every kind of row and file there is comes back."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone

from config import tasks
from config.demo.build import build
from config.keeping.place import Place
from security.models import AuditEvent
from security.models.upkeep_runs import UpkeepRun
from security.seals.sealing import seal
from tests.config.keeping import place, run_json, store

__all__ = ["place"]


@pytest.mark.long
def test_the_drill_passes_on_the_demonstration(place: Place, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    call_command("load_reference", stdout=StringIO())
    build(now=timezone.now())
    seal(now=timezone.now())
    made = run_json("backup", str(place.root))
    assert made["missing"] == 0
    said = run_json("restore_drill", str(place.root))
    assert said["named"] == []
    assert said["files"] == said["proven"] == made["files"] > 0
    assert said["trail_rows"] == made["trail_rows"] <= AuditEvent.objects.count()


def test_the_clock_makes_one_where_it_is_told_to_and_says_when_it_is_not(
    place: Place, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BACKUP_DIR = None
    tasks.make_backup()
    assert "BACKUP_DIR is not set" in caplog.text
    assert not UpkeepRun.objects.exists()
    settings.BACKUP_DIR = place.root
    store(b"one")
    tasks.make_backup()
    assert len(place.whole()) == 1
    settings.BACKUP_DIR = place.root / "absent"
    tasks.make_backup()
    assert "is no directory" in caplog.text
    outcomes = UpkeepRun.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["ok", "failed"]


def test_the_clock_knows_the_job() -> None:
    assert django_settings.CELERY_BEAT_SCHEDULE["make-backup"]["task"] == tasks.make_backup.name
    assert django_settings.CELERY_TASK_ROUTES[tasks.make_backup.name] == {"queue": "keeping"}
