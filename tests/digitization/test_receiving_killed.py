"""Receiving killed at each of its steps, and what a killed worker leaves behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections

from digitization import queue
from digitization.models import Dossier, OcrJob, SourceFile
from digitization.ocr import children, rooms
from digitization.ocr.children import NoChildError
from digitization.reading import recognise_one
from digitization.services import FileReceipt, receive_file
from digitization.sweeping import sweep_files
from security import files
from security.models import AuditEvent, StoredFile
from security.upkeep import sweep_incoming
from tests.conftest import Worker
from tests.digitization import hostile_pictures
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_room, scan
from tests.forked import take_own_connection

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
        take_own_connection()
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


@pytest.mark.django_db
def test_a_child_that_is_killed_from_outside_costs_one_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    room = make_room()
    dossier = make_dossier(room)
    assert not send(room, dossier, scan()).again
    slow = hostile_pictures.tiff(
        13_000, 13_000, frames=140, strip=hostile_pictures.fax_white(13_000, 13_000)
    )
    before = {path.name for path in on_disk()}
    killer = threading.Thread(target=_kill_the_supervisor)
    killer.start()
    with pytest.raises(NoChildError):
        send(room, dossier, slow)
    killer.join(30)
    assert {path.name for path in on_disk()} == before
    assert SourceFile.objects.count() == 1
    children.sweep()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not send(room, dossier, scan("again")).again


def _kill_the_supervisor() -> None:
    nursery = children._nursery().process.pid
    listed = Path(f"/proc/{nursery}/task/{nursery}/children")
    _until(lambda: listed.read_text("ascii").split())
    os.kill(int(listed.read_text("ascii").split()[0]), signal.SIGKILL)


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


@pytest.mark.django_db
def test_a_page_whose_child_is_killed_from_outside_is_tried_again() -> None:
    room = make_room()
    dossier = make_dossier(room)
    send(room, dossier, scan(*(f"dòng {row}" for row in range(12))))
    killer = threading.Thread(target=_kill_the_supervisor)
    killer.start()
    assert recognise_one(worker="w")
    killer.join(30)
    job = OcrJob.objects.get()
    assert (job.state, job.error_code) == ("queued", "engine")
    OcrJob.objects.update(not_before=NOW)
    assert recognise_one(worker="w")
    assert OcrJob.objects.get().state == "done"
