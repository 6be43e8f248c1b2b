"""The recorded check of stored files: what it finds stays open until it is whole again."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from digitization import upkeep
from digitization.services import receive_file
from digitization.tasks import check_files
from security.blobs import blob_path
from security.models import AuditEvent, FileFinding, StoredFile, UpkeepRun
from security.selectors.upkeep import files_read
from security.upkeep_rules import ALL_SHARES, all_read, share_of
from tests.digitization.make import NOW, make_room, scan
from tests.digitization.test_upkeep import blobs_of, make_read_page, rot

pytestmark = pytest.mark.django_db


def fixity() -> UpkeepRun:
    run = UpkeepRun.objects.newest("fixity")
    assert run is not None
    return run


def test_a_run_has_its_figures_and_covers_every_share() -> None:
    make_read_page(make_room())
    upkeep.check_files()
    run = fixity()
    assert run.outcome == "ok"
    mask = run.figures.pop("shares_mask")
    assert mask == 2**30 - 1
    assert run.figures == {
        "looked_at": 3, "whole": 3, "damaged": 0, "missing": 0, "no_key": 0, "unproven": 0,
    }  # fmt: skip
    assert all_read(files_read(timezone.now()), now=timezone.now())
    assert not all_read(files_read(timezone.now()), now=timezone.now() + timedelta(days=32))


def test_what_is_bad_is_kept_by_number_and_told_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = make_read_page(make_room())
    source, image, _small = blobs_of(page)
    rot(source)
    blob_path(image).unlink()
    caplog.set_level(logging.ERROR)
    for _night in range(2):
        caplog.clear()
        upkeep.check_files(shares=[(share_of(source) + 1) % 30])  # its share is not due
        if _night:
            assert f"damaged file {page.source.stored_id}" in caplog.text
        upkeep.check_files()
        assert f"stored file: damaged file {page.source.stored_id}" in caplog.text
    found = FileFinding.objects.open().order_by("kind")
    assert [(f.kind, f.number, f.state) for f in found] == [
        ("file", page.source.stored_id, "damaged"),
        ("page_image", page.pk, "missing"),
    ]
    assert found[0].seen_at > found[0].found_at
    run = fixity()
    assert (run.outcome, run.figures["damaged"], run.figures["missing"]) == ("problems", 1, 1)
    assert f"damaged file {page.source.stored_id}" in run.said
    assert AuditEvent.objects.filter(action="file.found_bad").count() == 2  # not once a night


def test_a_file_received_again_is_healed_and_its_finding_closed() -> None:
    room = make_room()
    page = make_read_page(room)
    content = scan()
    receipt = receive_file(
        actor=room.operator, dossier=page.dossier, name="b.png", chunks=[content], now=NOW
    )
    stored = StoredFile.objects.get(sha256=receipt.sha256)
    rot(stored.blob)
    upkeep.check_files()
    assert FileFinding.objects.open().exists()
    receive_file(actor=room.operator, dossier=page.dossier, name="b.png", chunks=[content], now=NOW)
    upkeep.check_files(shares=[])  # what was bad is looked at whatever is due
    assert not FileFinding.objects.open().exists()
    assert FileFinding.objects.get().mended_at is not None
    assert AuditEvent.objects.get(action="file.mended").reason == "whole file"
    assert fixity().outcome == "ok"


def test_a_finding_ends_with_the_row_it_is_about() -> None:
    page = make_read_page(make_room())
    blob_path(page.thumbnail).unlink()
    upkeep.check_files()
    page.thumbnail = ""
    page.save(update_fields=["thumbnail"])
    upkeep.check_files()
    assert AuditEvent.objects.get(action="file.mended").reason == "row_gone thumbnail"


def test_damaged_then_gone_is_one_finding_with_two_lines_of_the_trail() -> None:
    page = make_read_page(make_room())
    rot(page.derivative)
    upkeep.check_files()
    blob_path(page.derivative).unlink()
    upkeep.check_files()
    assert FileFinding.objects.get().state == "missing"
    lines = AuditEvent.objects.filter(action="file.found_bad").values_list("reason", flat=True)
    assert sorted(lines) == ["damaged page_image", "missing page_image"]


def test_ten_nights_read_everything_and_sweep_too() -> None:
    make_read_page(make_room())
    for _night in range(10):
        check_files()
    runs = UpkeepRun.objects.filter(kind="fixity")
    assert sum(run.figures["looked_at"] for run in runs) == 3
    assert set(files_read(timezone.now())) == set(ALL_SHARES)
    assert UpkeepRun.objects.filter(kind="sweep", outcome="ok").count() == 10


def test_a_run_that_was_killed_covers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make_read_page(make_room())

    def killed() -> None:
        raise SystemExit(9)

    monkeypatch.setattr(upkeep, "named_blobs", killed)
    with pytest.raises(SystemExit):
        upkeep.check_files()
    assert fixity().outcome == "failed"
    assert files_read(timezone.now()) == {}
