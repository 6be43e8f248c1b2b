"""Receiving with full disks, trails that refuse, keys that are lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from digitization import upkeep
from digitization.models import Dossier, OcrJob, Page, SourceFile
from digitization.reading import recognise_one
from digitization.services import FileReceipt, receive_file
from security import blobs
from security.audit import TrailError
from security.database_roles import as_owner
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_room, scan

COMMITTING = pytest.mark.django_db(transaction=True)


def send(room: Room, dossier: Dossier, content: bytes) -> FileReceipt:
    return receive_file(
        actor=room.operator, dossier=dossier, name="a.png", chunks=chunks(content), now=NOW
    )


def on_disk(under: str = "") -> list[Path]:
    place = Path(django_settings.DATA_DIR) / under
    return [path for path in place.rglob("*") if path.is_file()]


# --- disk and trail ---------------------------------------------------------------------


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """A limit of the file size stands for the full disk: writing fails at the same place."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)


@pytest.mark.django_db
@pytest.mark.parametrize("left", [0, 5000])
def test_a_full_disk_refuses_with_a_sentence_and_keeps_nothing(left: int) -> None:
    room = make_room()
    dossier = make_dossier(room)
    content = scan("Một trang", "Hai dòng")
    assert len(content) > left
    with full_disk(left), pytest.raises(RefusedError) as refused:
        send(room, dossier, content)
    assert refused.value.problems[0].code == "disk_full"
    assert on_disk() == []
    assert not StoredFile.objects.exists()
    [line] = AuditEvent.objects.filter(action="file.refused", object_id=str(dossier.pk))
    assert line.reason == "disk_full"
    assert not send(room, dossier, content).again


@contextmanager
def no_trail() -> Iterator[None]:
    """The trail takes no line."""
    role = django_settings.DATABASE_APPLICATION_ROLE
    _by_owner(f'REVOKE INSERT ON security_auditevent FROM "{role}"')
    try:
        yield
    finally:
        _by_owner(f'GRANT INSERT ON security_auditevent TO "{role}"')


def _by_owner(sql: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql)


@COMMITTING
def test_without_a_trail_nothing_is_received() -> None:
    room = make_room()
    dossier = make_dossier(room)
    with no_trail(), pytest.raises(TrailError):
        send(room, dossier, scan())
    assert on_disk() == []
    assert not SourceFile.objects.exists()
    assert not StoredFile.objects.exists()
    assert not send(room, dossier, scan()).again


@COMMITTING
def test_without_a_trail_the_browser_is_told_to_come_again() -> None:
    room = make_room()
    dossier = make_dossier(room)
    client = Client()
    client.force_login(room.operator)
    with no_trail():
        answer = client.post(
            reverse("digitization:dossier_upload", args=[dossier.pk]),
            {"files": [SimpleUploadedFile("a.png", scan())]},
            headers={"accept": "application/json"},
        )
    assert answer.status_code == 503
    assert "a.png" not in answer.content.decode()
    assert on_disk() == []
    assert not SourceFile.objects.exists()


# --- rot and keys -----------------------------------------------------------------------


def page_of(room: Room) -> Page:
    receipt = send(room, make_dossier(room), scan())
    page: Page = Page.objects.select_related("source__stored").get(source_id=receipt.source_id)
    return page


def rot(blob: str) -> None:
    content = bytearray(blobs.blob_path(blob).read_bytes())
    content[-1] ^= 1
    blobs.blob_path(blob).write_bytes(content)


@pytest.mark.django_db
def test_a_rotten_file_fails_its_page_with_the_reason_and_is_named() -> None:
    page = page_of(make_room())
    rot(page.source.stored.blob)
    for _ in range(3):
        OcrJob.objects.update(not_before=NOW)
        assert recognise_one(worker="w")
    page.job.refresh_from_db()
    assert (page.job.state, page.job.error_code) == ("failed", "file_damaged")
    report = upkeep.check_files()
    assert report.rows == [f"damaged file {page.source.stored_id}"]


@pytest.mark.django_db
@pytest.mark.parametrize("keys", ["", "0:1:" + "a" * 64, "1:1:" + "b" * 64])
def test_a_lost_or_wrong_key_fails_the_page_with_the_reason(
    keys: str, settings: Any, tmp_path: Path
) -> None:
    page = page_of(make_room())
    settings.FILE_KEYS, settings.FILE_KEYS_FILE = keys, str(tmp_path / "none")
    assert recognise_one(worker="w")
    page.job.refresh_from_db()
    assert (page.job.state, page.job.error_code) == ("queued", "key_missing")
    report = upkeep.check_files()
    assert report.counts["no_key"] == 1


@pytest.mark.django_db
def test_without_keys_nothing_is_received_and_nothing_starts(settings: Any, tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    settings.FILE_KEYS, settings.FILE_KEYS_FILE = "", str(tmp_path / "none")
    with pytest.raises(ImproperlyConfigured):
        send(room, dossier, scan())
    assert on_disk() == []
    assert not SourceFile.objects.exists()
    with pytest.raises((ImproperlyConfigured, CommandError, SystemExit)):
        call_command("prepare")


# --- memory -----------------------------------------------------------------------------

TIGHT = """
import os, resource, sys
import django
django.setup()
from pathlib import Path
from django.db import connection
from security.files import open_blob, receive
from security.models import Unit
MIB = 2**20
def pieces(megabytes):
    for number in range(megabytes):
        yield bytes([number % 251]) * MIB
megabytes, unit = int(sys.argv[1]), Unit(pk=1, path="/1/")
receive(pieces(1), unit=unit, level=1, max_bytes=MIB)  # everything is loaded now
with open("/proc/self/statm") as facts:
    now = int(facts.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 64 * MIB, now + 64 * MIB))
def look(path):
    assert path.stat().st_size == megabytes * MIB
receipt = receive(pieces(megabytes), unit=unit, level=1, max_bytes=megabytes * MIB, check=look)
with open_blob(receipt.blob) as stored:
    assert sum(len(piece) for piece in iter(lambda: stored.read(MIB), b"")) == megabytes * MIB
"""


def flat(megabytes: int, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Receive and read so much in a process that may take 64 MB more than it has loaded."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(tmp_path / "data"),
        "TMPDIR": str(tmp_path),
        "SECRET_KEY": django_settings.SECRET_KEY,
        "FILE_NAME_KEY": django_settings.FILE_NAME_KEY,
    }
    return subprocess.run(
        [sys.executable, "-c", TIGHT, str(megabytes)],
        cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("megabytes", [128, pytest.param(1024, marks=pytest.mark.long)])
def test_memory_stays_flat_however_large_the_file(megabytes: int, tmp_path: Path) -> None:
    done = flat(megabytes, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
