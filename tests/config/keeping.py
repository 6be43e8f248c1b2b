"""What tests of keeping share: a small installation with files, and a place for backups."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone

from config.keeping.making import Made, make_backup
from config.keeping.place import Place
from security import audit, files
from security.blobs import blob_path
from security.models import StoredFile, Unit
from security.seals.keys import make_key
from security.seals.sealing import seal
from tests.conftest import test_database_url
from tests.security.make import make_unit
from tests.security.seals import settled


@pytest.fixture
def place(transactional_db: None, tmp_path: Path) -> Place:
    """An installation with its seal key, and an empty directory for backups."""
    make_key(django_settings.AUDIT_SEAL_KEY_FILE)
    root = tmp_path / "backups"
    root.mkdir()
    return Place(root)


def store(content: bytes, *, unit: Unit | None = None) -> str:
    """A received file with its row; the name of its blob."""
    unit = unit or Unit.objects.first() or make_unit()
    receipt = files.receive([content], unit=unit, level=1, max_bytes=len(content))
    StoredFile.objects.create(
        unit=unit, unit_path=unit.path, level=1, sha256=receipt.sha256, blob=receipt.blob,
        size=receipt.size, media_type="application/pdf", created_at=timezone.now(),
    )  # fmt: skip
    return receipt.blob


def seal_now() -> int:
    settled()
    return seal(now=timezone.now())


def write_trail(rows: int = 3) -> None:
    for number in range(rows):
        audit.record("read", actor=None, object_type="records.member", object_id=number)


def back_up(place: Place, *, keep: int = 99) -> Made:
    return make_backup(place.root, keep=keep)


def environment() -> dict[str, str]:
    """The tests' database and files, for a process of its own."""
    return {
        **os.environ,
        "DATABASE_URL": test_database_url(),
        "DATABASE_OWNER_URL": "",
        "DATA_DIR": str(django_settings.DATA_DIR),
        "AUDIT_SEAL_KEY_FILE": str(django_settings.AUDIT_SEAL_KEY_FILE),
        "AUDIT_CHECKPOINTS_DIR": str(django_settings.AUDIT_CHECKPOINTS_DIR),
        "SECRET_KEY": django_settings.SECRET_KEY,
        "FILE_NAME_KEY": django_settings.FILE_NAME_KEY,
    }


def rot(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def run_json(*arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return result


def live(blob: str) -> Path:
    return blob_path(blob)
