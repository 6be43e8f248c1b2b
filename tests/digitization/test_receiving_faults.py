"""Power cuts between any two steps of receiving, full disks, trails that refuse, keys that are lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from digitization import queue, upkeep
from digitization.models import Dossier, OcrJob, Page, SourceFile
from digitization.ocr import children, rooms
from digitization.reading import recognise_one
from digitization.services import FileReceipt, receive_file
from digitization.sweeping import sweep_files
from security import blobs, files
from security.audit import TrailError
from security.database_roles import as_owner
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from security.upkeep import sweep_incoming
from tests.conftest import Worker
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_room, scan

COMMITTING = pytest.mark.django_db(transaction=True)
DAY = 24 * 3600

# Calls into C that change something outside the process, or ask the database.
STEPS = {
    "open", "write", "flush", "close", "fsync", "rename", "replace", "unlink", "mkdir", "utime",
    "execute", "commit", "rollback", "sendmsg", "recv", "send", "mkstemp",
}  # fmt: skip


def send(room: Room, dossier: Dossier, content: bytes) -> FileReceipt:
    return receive_file(
        actor=room.operator, dossier=dossier, name="a.png", chunks=chunks(content), now=NOW
    )


def on_disk(under: str = "") -> list[Path]:
    place = Path(django_settings.DATA_DIR) / under
    return [path for path in place.rglob("*") if path.is_file()]


def swept() -> None:
    """All the sweeps of the installation, two days later."""
    long_ago = time.time() - 2 * DAY
    for path in on_disk():
        os.utime(path, (long_ago, long_ago))
    sweep_incoming()
    sweep_files()
    children.sweep()


def contents_of(source: SourceFile) -> bytes:
    with files.open_whole(source.stored.blob) as stored:
        return stored.read()


# --- killed at every step ---------------------------------------------------------------


class Steps:
    """Counts the steps of the code that runs now; at a given one the process dies."""

    def __init__(self, fatal: int = 0) -> None:
        self.fatal = fatal
        self.names: list[str] = []

    def __call__(self, _frame: object, event: str, function: Any) -> None:
        name = getattr(function, "__name__", "")
        if event in {"c_call", "c_return"} and name in STEPS:
            self.names.append(f"{event} {name}")
            if len(self.names) == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)


def received_in_a_child(
    room: Room, dossier: Dossier, content: bytes, fatal: int
) -> tuple[bool, Any]:
    """Receive in a process that dies at the step of this number, as by a power cut. Whether it
    died, and what it said: the receipt's hash and the names of its steps."""
    connections.close_all()
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        _receive_and_tell(room, dossier, content, fatal, tells)
    os.close(tells)
    with os.fdopen(told, "rb") as heard:
        said = heard.read()
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status), json.loads(said) if said else None


def _receive_and_tell(room: Room, dossier: Dossier, content: bytes, fatal: int, tells: int) -> None:
    try:
        children._nurseries[0].owner = os.getpid()  # the parent's will do
        steps = Steps(fatal)
        sys.setprofile(steps)
        receipt = send(room, dossier, content)
        sys.setprofile(None)
        os.write(tells, json.dumps([receipt.sha256, steps.names]).encode())
    except BaseException:  # noqa: BLE001 - a child of a test must never come back
        os._exit(2)
    os._exit(0)


@COMMITTING
@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.long)])
def test_killed_between_any_two_steps_there_is_a_whole_file_or_nothing(
    every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step in the long run, each thirteenth in the short one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    room = make_room()
    dossier = make_dossier(room)
    assert not send(room, dossier, scan("first")).again
    died, said = received_in_a_child(room, dossier, scan("all steps"), fatal=0)
    assert not died
    steps: list[str] = said[1]
    assert {"c_return fsync", "c_return rename", "c_return replace"} & set(steps)
    assert "c_return commit" in steps
    outcomes = {"nothing": 0, "file": 0}
    for fatal in [*range(1, len(steps), every), len(steps)]:
        content = scan(f"power cut {fatal}")
        died, said = received_in_a_child(room, dossier, content, fatal)
        outcomes[_judged(room, dossier, content, receipt=said)] += died
    assert outcomes["nothing"] > 100 // every
    assert outcomes["file"] > 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def _judged(room: Room, dossier: Dossier, content: bytes, *, receipt: Any) -> str:
    digest = sha256(content).hexdigest()
    source = SourceFile.objects.filter(sha256=digest).select_related("stored").first()
    assert source is not None or receipt is None
    if source is not None:
        assert contents_of(source) == content
        assert source.pages.count() == 1
        assert AuditEvent.objects.filter(action="file.received", reason=source.stored.blob).exists()
    swept()
    named = set(StoredFile.objects.values_list("blob", flat=True))
    assert {path.name for path in on_disk("blobs")} == named
    assert on_disk("incoming") == []
    again = send(room, dossier, content)
    assert again.again is (source is not None)
    assert again.sha256 == digest
    assert contents_of(SourceFile.objects.select_related("stored").get(sha256=digest)) == content
    return "file" if source else "nothing"


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


# --- what stays in temporary places -----------------------------------------------------


@pytest.mark.ocr
@COMMITTING
def test_a_killed_worker_leaves_no_page_in_temporary_files_and_no_word_in_the_log(
    broker_url: str, settings: Any, tmp_path: Path
) -> None:
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    room = make_room()
    dossier = make_dossier(room)
    words = "Nguyễn Văn Bí Mật"
    for number in range(4):
        content = scan(*[f"{words} dòng {row} trang {number}" for row in range(8)])
        receive_file(
            actor=room.operator, dossier=dossier, name=f"{words} {number}.png",
            chunks=chunks(content), now=NOW,
        )  # fmt: skip
    worker = Worker(broker_url, tmp_path / "worker.log", settings.DATA_DIR)
    worker.environment["TMPDIR"] = str(tmp)
    worker.start()
    queue.top_up()
    _until(lambda: rooms.home_of(tmp).exists() and any(rooms.home_of(tmp).rglob("*.pgm")))
    worker.kill()
    _until(lambda: not any(path.is_file() for path in tmp.rglob("*")))
    OcrJob.objects.filter(state="running").update(lease_until="2026-01-01T00:00:00Z")
    worker.start()
    queue.requeue_expired()
    queue.top_up()
    _until(lambda: OcrJob.objects.filter(state="done").count() == 4)
    worker.stop()
    assert [path for path in tmp.rglob("*") if path.is_file()] == []
    log = worker.log.read_text("utf-8", "replace")
    assert "Bí Mật" not in log
    assert "Nguy" not in log
    assert dossier.code not in log


def _until(condition: Any, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
