"""No loss: what is acknowledged is there, what is refused leaves nothing, equal files are one."""

import hashlib
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from celery import Celery
from django.conf import settings
from django.db import connection

from digitization import queue
from digitization.models import Dossier, OcrJob, Page, SourceFile
from digitization.services import FileReceipt, receive_file
from security import files
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_room, scan


def send(room: Room, dossier: Dossier, content: bytes, name: str = "a.png") -> FileReceipt:
    return receive_file(
        actor=room.operator, dossier=dossier, name=name, chunks=chunks(content), now=NOW
    )


def on_disk() -> list[Path]:
    return [path for path in settings.DATA_DIR.rglob("*") if path.is_file()]


def pdf(pages: int = 1, **save: Any) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    out = BytesIO()
    document.save(out, **save)
    return out.getvalue()


@pytest.mark.django_db
def test_received_means_bytes_rows_and_jobs() -> None:
    room = make_room()
    dossier = make_dossier(room)
    content = scan()
    receipt = send(room, dossier, content, "Hồ sơ 1.png")
    assert receipt.sha256 == hashlib.sha256(content).hexdigest()
    assert (receipt.pages, receipt.again, receipt.size) == (1, False, len(content))
    source = SourceFile.objects.get()
    assert (source.stem, source.kind, source.position) == ("Hồ sơ 1", "png", 1)
    with files.open_blob(source.stored.blob) as stored:
        assert stored.read() == content
    page = Page.objects.get()
    assert page.unit_path == dossier.unit_path
    assert page.job.state == OcrJob.State.QUEUED
    room.lot.counter.refresh_from_db()
    counter = room.lot.counter
    assert (counter.sent, counter.received, counter.stored, counter.queued) == (1, 1, 1, 1)
    received = AuditEvent.objects.filter(action="file.received", object_id=str(dossier.pk))
    # A plain hash would tell a reader of the trail which known paper was received.
    assert received.get().reason == source.stored.blob
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM security_auditevent t")
        assert receipt.sha256 not in cursor.fetchone()[0]


@pytest.mark.django_db
def test_the_same_file_again_gets_the_same_receipt() -> None:
    room = make_room()
    dossier = make_dossier(room)
    first = send(room, dossier, scan())
    again = send(room, dossier, scan(), "other name.png")
    assert again.again
    assert (again.source_id, again.name, again.sha256, again.received_at) == (
        first.source_id,
        first.name,
        first.sha256,
        first.received_at,
    )
    assert Page.objects.count() == StoredFile.objects.count() == 1
    room.lot.counter.refresh_from_db()
    assert (room.lot.counter.sent, room.lot.counter.received) == (1, 1)
    elsewhere = send(room, make_dossier(room), scan())
    assert not elsewhere.again


@pytest.mark.django_db
def test_equal_names_get_numbers() -> None:
    room = make_room()
    dossier = make_dossier(room)
    for line in ("một", "hai", "ba"):
        send(room, dossier, scan(line), "d01.png")
    assert list(dossier.files.values_list("stem", flat=True)) == ["d01", "d01-2", "d01-3"]


def damaged() -> bytes:
    whole = pdf(3)
    return whole[: len(whole) // 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (lambda: b"", "empty", "trống|rỗng|empty"),
        (lambda: b"MZ not a scan at all", "not_a_scan", "PDF, TIFF, JPEG"),
        (lambda: b"<html><script>x</script>", "not_a_scan", "PDF, TIFF, JPEG"),
        (lambda: pdf(encryption=pikepdf.Encryption(owner="x", user="y")), "encrypted", "mật khẩu|password"),
        (damaged, "damaged", "hỏng|damaged"),
        (lambda: scan()[:900], "damaged", "hỏng|damaged"),
        (lambda: pdf(2001), "too_many_pages", "2.000|2,000"),
        (lambda: pdf(0), "no_pages", "trang|pages"),
    ],
)  # fmt: skip
def test_a_refusal_leaves_nothing_behind(content: Any, code: str, words: str) -> None:
    room = make_room()
    dossier = make_dossier(room)
    with pytest.raises(RefusedError, match=words) as error:
        send(room, dossier, content(), "x.pdf")
    assert [problem.code for problem in error.value.problems] == [code]
    assert not SourceFile.objects.exists()
    assert not Page.objects.exists()
    assert not StoredFile.objects.exists()
    assert on_disk() == []
    room.lot.counter.refresh_from_db()
    assert (room.lot.counter.sent, room.lot.counter.refused) == (1, 1)
    refusals = AuditEvent.objects.filter(action="file.refused", object_id=str(dossier.pk))
    assert [event.reason for event in refusals] == [code]


@pytest.mark.django_db
def test_a_stream_that_breaks_off_leaves_nothing_but_the_count() -> None:
    room = make_room()
    dossier = make_dossier(room)

    def broken() -> Iterator[bytes]:
        yield scan()[:500]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        receive_file(actor=room.operator, dossier=dossier, name="a.png", chunks=broken(), now=NOW)
    assert on_disk() == []
    assert not SourceFile.objects.exists()
    room.lot.counter.refresh_from_db()
    assert (room.lot.counter.sent, room.lot.counter.received) == (1, 0)


@pytest.mark.django_db
def test_only_an_operator_of_the_unit_uploads() -> None:
    room, other = make_room(), make_room()
    dossier = make_dossier(room)
    for actor in (room.inspector, room.keeper, other.operator):
        with pytest.raises(RefusedError):
            receive_file(actor=actor, dossier=dossier, name="a.png", chunks=chunks(scan()), now=NOW)
    assert on_disk() == []


@pytest.mark.django_db(transaction=True)
def test_the_same_file_from_two_sides_at_once_is_one() -> None:
    room = make_room()
    dossier = make_dossier(room)
    content = scan()
    receipts: list[FileReceipt] = []
    start = threading.Barrier(4)

    def one_side() -> None:
        try:
            start.wait(10)
            receipts.append(send(room, dossier, content))
        finally:
            connection.close()

    sides = [threading.Thread(target=one_side) for _ in range(4)]
    for side in sides:
        side.start()
    for side in sides:
        side.join(30)
    assert len(receipts) == 4
    assert len({receipt.source_id for receipt in receipts}) == 1
    assert sorted(receipt.again for receipt in receipts) == [False, True, True, True]
    assert SourceFile.objects.count() == Page.objects.count() == StoredFile.objects.count() == 1
    room.lot.counter.refresh_from_db()
    assert (room.lot.counter.sent, room.lot.counter.received) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_different_files_at_once_get_places_of_their_own() -> None:
    room = make_room()
    dossier = make_dossier(room)
    start = threading.Barrier(4)

    def one_side(number: int) -> None:
        try:
            start.wait(10)
            send(room, dossier, scan(f"trang {number}"), "d.png")
        finally:
            connection.close()

    sides = [threading.Thread(target=one_side, args=(number,)) for number in range(4)]
    for side in sides:
        side.start()
    for side in sides:
        side.join(30)
    assert list(dossier.files.values_list("position", flat=True)) == [1, 2, 3, 4]
    assert set(dossier.files.values_list("stem", flat=True)) == {"d", "d-2", "d-3", "d-4"}


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    room = make_room()
    dossier = make_dossier(room)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    nowhere = Celery("nowhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    monkeypatch.setattr(queue, "current_app", nowhere)
    assert not send(room, dossier, scan()).again
    assert OcrJob.objects.filter(state="queued").count() == 1
    assert queue.wake(1) == 0
