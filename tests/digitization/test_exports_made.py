"""Exports of pages: made, downloaded, ended."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
from django.utils import timezone

from digitization import export_queue, services
from digitization.models import Page, PageExport
from digitization.selectors import exports as selectors
from digitization.services.export_ends import remove_blob
from digitization.stored import named_blobs
from security import blobs, files
from security.models import AuditEvent, EmergencyAccess
from security.services import RefusedError
from tests.digitization.exports import ask, codes, fresh, head_of, leave, make_drawn, told, work
from tests.digitization.make import Room, make_room
from tests.security.attacks import Unchanged
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db


# --- making -----------------------------------------------------------------------------


def pages_of(export: PageExport) -> list[Any]:
    with files.open_whole(fresh(export).blob) as opened:
        content = opened.read()
    pdf = pikepdf.open(io.BytesIO(content), attempt_recovery=False)
    assert not pdf.check_pdf_syntax()
    return list(pdf.pages)


def test_the_file_is_a_whole_pdf_with_every_page_in_order() -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room, 3)[0].dossier)
    assert work()
    row = fresh(export)
    assert len(pages_of(row)) == 3
    assert row.expires_at is not None
    assert timedelta(hours=23) < row.expires_at - timezone.now() < timedelta(hours=25)
    assert blobs.blob_path(row.blob).read_bytes()[:8] != b"%PDF-1.4"
    assert row.blob in {named.blob for named in named_blobs()}
    assert not work()


def test_a_picture_that_cannot_be_read_fails_with_its_reason_and_can_be_tried_again() -> None:
    room = make_room()
    pages = make_drawn(room, 2)
    whole = pages[1].derivative
    Page.objects.filter(pk=pages[1].pk).update(derivative="0" * 64)
    export = ask(room.keeper, pages[0].dossier)
    assert work()
    assert (fresh(export).state, fresh(export).error_code) == ("failed", "file_missing")
    assert told(export)[-1] == "export.failed"
    Page.objects.filter(pk=pages[1].pk).update(derivative=whole)
    services.retry_export(actor=room.keeper, export=export, now=timezone.now())
    assert work()
    assert fresh(export).state == "ready"


def test_a_failed_one_leaves_nothing_on_the_disk(settings: Any) -> None:
    room = make_room()
    pages = make_drawn(room, 2)
    Page.objects.filter(pk=pages[1].pk).update(derivative="0" * 64)
    before = {path for path in settings.DATA_DIR.rglob("*") if path.is_file()}
    ask(room.keeper, pages[0].dossier)
    assert work()
    assert {path for path in settings.DATA_DIR.rglob("*") if path.is_file()} == before


def test_a_silent_worker_loses_it_and_another_one_begins_anew() -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room, 2)[0].dossier)
    lost = export_queue.claim(worker="dead")
    assert lost is not None
    assert export_queue.progress(lost, 1)
    assert export_queue.requeue_expired() == 0
    PageExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.sweep_exports(now=timezone.now())["requeued"] == 1
    assert not export_queue.progress(lost, 2)
    assert not export_queue.close(lost, state="ready")
    assert work()
    assert (fresh(export).state, fresh(export).attempts) == ("ready", 2)


def test_after_the_last_attempt_it_has_failed() -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    for _attempt in range(3):
        assert export_queue.claim(worker="dead")
        PageExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        export_queue.requeue_expired()
    assert (fresh(export).state, fresh(export).error_code) == ("failed", "worker_lost")
    assert export_queue.claim(worker="w") is None


# --- downloads, ends --------------------------------------------------------------------


@pytest.fixture
def ready() -> tuple[Room, PageExport]:
    room = make_room()
    export = ask(room.keeper, make_drawn(room, 2)[0].dossier)
    assert work()
    return room, fresh(export)


def test_each_download_is_told_under_the_number_the_pages_and_the_dossier(
    ready: tuple[Room, PageExport],
) -> None:
    room, export = ready
    for _time in range(2):
        services.note_download(actor=room.keeper, export=export, now=timezone.now())
    assert told(export).count("export.downloaded") == 2
    pages = AuditEvent.objects.filter(object_type="digitization.page", reason=export.number)
    assert [event.object_ids for event in pages] == [export.page_ids] * 2
    assert AuditEvent.objects.filter(action="dossier.exported", reason=export.number).count() == 2
    assert fresh(export).downloads == 2


def test_bytes_that_a_ready_one_names_stay(ready: tuple[Room, PageExport]) -> None:
    _room, export = ready
    remove_blob(export.blob)
    assert blobs.blob_path(export.blob).exists()


def test_nobody_else_downloads(ready: tuple[Room, PageExport]) -> None:
    room, export = ready
    head = head_of(room)
    with Unchanged(), pytest.raises(RefusedError) as error:
        services.note_download(actor=head, export=export, now=timezone.now())
    assert codes(error) == ["not_allowed"]


def test_a_page_raised_since_withdraws_it(ready: tuple[Room, PageExport]) -> None:
    room, export = ready
    Page.objects.filter(pk=export.page_ids[0]).update(sensitivity=2)
    row = services.note_download(actor=room.keeper, export=export, now=timezone.now())
    assert (row.state, row.downloads) == ("withdrawn", 0)


def test_the_sweep_ends_what_is_over_and_removes_the_bytes(ready: tuple[Room, PageExport]) -> None:
    _room, export = ready
    path = blobs.blob_path(export.blob)
    services.sweep_exports(now=timezone.now())
    assert (fresh(export).state, path.exists()) == ("ready", True)
    done = services.sweep_exports(now=timezone.now() + timedelta(hours=25))
    assert (done["expired"], done["removed"]) == (1, 1)
    assert (fresh(export).state, fresh(export).blob, path.exists()) == ("expired", "", False)
    assert told(export)[-1] == "export.expired"


def test_the_sweep_withdraws_what_its_asker_may_no_longer_have(
    ready: tuple[Room, PageExport],
) -> None:
    room, export = ready
    path = blobs.blob_path(export.blob)
    leave(room.keeper)
    assert services.sweep_exports(now=timezone.now())["withdrawn"] == 1
    assert (fresh(export).state, path.exists()) == ("withdrawn", False)


def test_a_ready_one_can_be_cancelled_and_its_bytes_go(ready: tuple[Room, PageExport]) -> None:
    room, export = ready
    services.cancel_export(actor=room.keeper, export=export, now=timezone.now())
    assert blobs.blob_path(export.blob).exists()  # no request removes a file
    services.sweep_exports(now=timezone.now())
    assert not blobs.blob_path(export.blob).exists()
    with Unchanged(), pytest.raises(RefusedError):
        services.note_download(actor=room.keeper, export=export, now=timezone.now())


def test_a_request_nobody_decides_ends_by_itself(asked: tuple[Room, PageExport]) -> None:
    _room, export = asked
    services.sweep_exports(now=timezone.now() + timedelta(days=8))
    assert fresh(export).state == "expired"


def test_emergency_access_shows_pages_and_takes_none_out() -> None:
    room = make_room()
    dossier = make_drawn(room)[0].dossier
    head = make_officer("unit_head")
    EmergencyAccess.objects.create(
        user=head,
        unit=room.unit,
        action="digitization.view",
        reason="Cháy",
        valid_from=timezone.now() - timedelta(minutes=1),
        valid_to=timezone.now() + timedelta(hours=1),
    )
    assert Page.objects.visible_to(head).filter(dossier=dossier).exists()
    with Unchanged(), pytest.raises(RefusedError) as error:
        ask(head, dossier)
    assert codes(error) == ["not_allowed"]


def test_the_unit_path_is_the_nearest_unit_above_all_pages() -> None:
    assert selectors.common_path(["/1/7/9/", "/1/7/12/"]) == "/1/7/"
    assert selectors.common_path(["/1/7/", "/1/7/12/"]) == "/1/7/"
    assert selectors.common_path(["/1/7/", "/2/"]) == "/"
    assert selectors.common_path([]) == ""
