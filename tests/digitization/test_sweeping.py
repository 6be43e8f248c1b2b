"""Blobs that no row names leave in two steps; a file that is being received never does."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Collection
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from digitization import sweeping, upkeep
from digitization.models import Page
from digitization.sweeping import named_among, sweep_files
from security import files, keyring, quarantine
from security.blobs import blob_path
from security.models import AuditEvent, UpkeepRun
from security.services.upkeep_runs import alone
from security.upkeep_rules import share_of
from tests.digitization.make import Room, make_room
from tests.digitization.test_upkeep import blobs_of, make_read_page

pytestmark = pytest.mark.django_db
NONE_NAMED: set[str] = set()


def make_blob(room: Room, content: bytes = b"left behind", *, old: bool = True) -> str:
    """A blob whose row never came."""
    blob = files.receive([content], unit=room.unit, level=1, max_bytes=99).blob
    if old:
        os.utime(blob_path(blob), (0, 0))
    return blob


def aside() -> list[str]:
    return [blob for _day, blob, _path in quarantine.aside()]


def test_old_and_unnamed_goes_into_quarantine_first_and_off_the_disk_a_month_later() -> None:
    room = make_room()
    page = make_read_page(room)
    for blob in blobs_of(page):
        os.utime(blob_path(blob), (0, 0))
    lost, young = make_blob(room), make_blob(room, b"just received", old=False)

    counts = sweep_files()
    assert (counts["aside"], counts["unnamed"], counts["blobs"]) == (1, 2, 5)
    assert aside() == [lost]
    assert not blob_path(lost).exists()
    assert all(blob_path(blob).exists() for blob in [*blobs_of(page), young])

    assert sweep_files()["deleted"] == 0
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=False):
        assert sweep_files()["deleted"] == 0
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        counts = sweep_files()
    assert counts["deleted"] == 1
    assert counts["deleted_bytes"] > len(b"left behind")
    assert lost not in aside()
    assert upkeep.check_files().bad == 0


def test_each_sweep_is_recorded_with_numbers_alone() -> None:
    lost = make_blob(make_room())
    sweep_files()
    run = UpkeepRun.objects.get(kind="sweep")
    assert run.outcome == "ok"
    assert run.figures["aside"] == run.figures["in_quarantine"] == 1
    line = AuditEvent.objects.get(action="files.swept").reason
    assert "aside 1" in line
    assert lost[:8] not in line


def test_another_share_is_left_for_another_night() -> None:
    lost = make_blob(make_room())
    share = share_of(lost)
    assert sweep_files(shares=[(share + 1) % 30])["aside"] == 0
    assert sweep_files(shares=[share])["aside"] == 1


def test_what_a_row_names_after_all_is_put_back_and_is_a_problem() -> None:
    room = make_room()
    page = make_read_page(room)
    blob = page.thumbnail
    target = quarantine.root() / "2026-01-01" / blob
    target.parent.mkdir(parents=True)
    blob_path(blob).rename(target)
    assert sweep_files()["back"] == 1
    assert blob_path(blob).exists()
    assert UpkeepRun.objects.get(kind="sweep").outcome == "problems"
    assert upkeep.check_files().counts == {"whole": 3}


def test_a_file_received_anew_while_its_twin_is_in_quarantine_stays() -> None:
    room = make_room()
    lost = make_blob(room)
    sweep_files()
    assert make_blob(room, old=False) == lost
    Page.objects.filter(pk=make_read_page(room).pk).update(thumbnail=lost)
    assert sweep_files()["back"] == 0
    assert aside() == [lost]  # the twin stays until its month is over
    with files.open_blob(lost) as opened:
        assert opened.read() == b"left behind"


def test_received_again_while_old_and_unnamed_it_is_young_from_then_on() -> None:
    room = make_room()
    lost = make_blob(room)
    assert make_blob(room, old=False) == lost  # the very blob is used again; its row is to follow
    assert sweep_files()["aside"] == 0
    assert blob_path(lost).exists()


# --- the race ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_upload_between_the_listing_and_the_move_never_loses_its_bytes() -> None:
    """The sweep has listed an old blob as unnamed; then an equal file is received."""
    room = make_room()
    lost = make_blob(room)

    def named_late(some: Collection[str]) -> set[str]:
        raise AssertionError("nothing old is left to ask about")

    assert make_blob(room, old=False) == lost
    assert quarantine.set_aside([lost], today=date(2026, 1, 1), named=named_late) == []
    assert blob_path(lost).exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_during_the_move_waits_and_places_its_own_bytes() -> None:
    """The sweep holds the lock and is about to move; an equal file arrives in another thread."""
    room = make_room()
    lost = make_blob(room)
    arrived: list[bool] = []

    def send() -> None:
        make_blob(room, old=False)
        connection.close()

    upload = threading.Thread(target=send)

    def named_slowly(some: Collection[str]) -> set[str]:
        upload.start()
        upload.join(0.5)
        arrived.append(not upload.is_alive())
        return NONE_NAMED

    assert quarantine.set_aside([lost], today=date(2026, 1, 1), named=named_slowly) == [lost]
    upload.join(10)
    assert arrived == [False]  # it waited for the sweep
    assert blob_path(lost).exists()
    with files.open_blob(lost) as opened:
        assert opened.read() == b"left behind"


@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_uploads_do_not_let_in_moves_nothing_and_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = make_blob(make_room())
    monkeypatch.setattr(quarantine, "PATIENCE", 0.05)
    begun, done = threading.Event(), threading.Event()

    def send() -> None:
        with quarantine.receiving():
            begun.set()
            done.wait(30)
        connection.close()

    upload = threading.Thread(target=send)
    upload.start()
    begun.wait(10)
    counts = sweep_files()
    done.set()
    upload.join(10)
    assert (counts["busy"], counts["aside"], counts["blobs"]) == (1, 0, 1)
    assert blob_path(lost).exists()
    assert sweep_files()["aside"] == 1


def test_a_row_committed_after_the_listing_keeps_its_blob() -> None:
    room = make_room()
    lost = make_blob(room)
    page = make_read_page(room)

    def rows_come_late(some: Collection[str]) -> set[str]:
        Page.objects.filter(pk=page.pk).update(thumbnail=lost)
        return named_among(some)

    assert quarantine.set_aside([lost], today=date(2026, 1, 1), named=rows_come_late) == []
    assert blob_path(lost).exists()


def together(*works: Callable[[], None]) -> list[BaseException]:
    """What went wrong in works that ran side by side, each over a connection of its own."""
    failed: list[BaseException] = []

    def watched(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=watched, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return failed


@pytest.mark.django_db(transaction=True)
def test_uploads_and_sweeps_side_by_side_lose_nothing() -> None:
    """Old unnamed blobs, received again (with their rows) while sweeps run, in any interleaving."""
    room = make_room()
    page = make_read_page(room)
    contents = [f"page {number}".encode() for number in range(12)]
    blobs = [make_blob(room, content) for content in contents]
    pages = [
        Page.objects.create(
            **page.dossier.placement, created_at=page.created_at, dossier=page.dossier,
            source=page.source, number=100 + number,
        )
        for number in range(len(contents))
    ]  # fmt: skip

    def upload() -> None:
        for one, content in zip(pages, contents, strict=True):
            blob = make_blob(room, content, old=False)
            Page.objects.filter(pk=one.pk).update(thumbnail=blob)

    def sweep() -> None:
        for _again in range(4):
            sweep_files()

    assert together(upload, sweep, sweep) == []
    assert [blob for blob in blobs if not blob_path(blob).exists()] == []
    report = upkeep.check_files()
    assert (report.bad, report.counts["whole"]) == (0, 3 + len(contents))


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_do_not_meet() -> None:
    lost = make_blob(make_room())
    found: list[int] = []

    def another() -> None:
        found.append(sweep_files()["busy"])
        connection.close()

    with alone("sweep"):
        thread = threading.Thread(target=another)
        thread.start()
        thread.join(20)
    assert found == [1]
    assert blob_path(lost).exists()
    assert not UpkeepRun.objects.filter(kind="sweep").exists()


# --- the rest ---------------------------------------------------------------------------


def test_keys_of_what_lies_in_quarantine_are_changed_too(settings: Any) -> None:
    room = make_room()
    lost = make_blob(room)
    sweep_files()
    settings.FILE_KEYS = keyring.with_new_version("\n".join(settings.FILE_KEYS.split()))
    assert upkeep.rotate_keys().counts == {"rewrapped": 1}
    settings.FILE_KEYS = " ".join(key for key in settings.FILE_KEYS.split() if ":2:" in key)
    (path,) = [path for _day, _blob, path in quarantine.aside()]
    quarantine.put_back(path)
    with files.open_blob(lost) as opened:
        assert opened.read() == b"left behind"


def test_what_killed_uploads_left_in_the_door_goes_after_a_day(settings: Any) -> None:
    left = Path(settings.DATA_DIR) / "incoming" / "tmpleft"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    assert sweep_files()["incoming"] == 0
    os.utime(left, (0, 0))
    assert sweep_files()["incoming"] == 1
    assert not left.exists()


def test_the_command_sweeps_and_says_numbers() -> None:
    make_blob(make_room())
    out = StringIO()
    call_command("sweep_files", "--json", stdout=out)
    assert json.loads(out.getvalue())["aside"] == 1


def test_every_column_that_names_a_blob_is_asked() -> None:
    named = {
        (model, field.name)
        for model in apps.get_models()
        if not model.__name__.startswith("Historical")
        for field in model._meta.get_fields()
        if field.name in {"derivative", "thumbnail"} or field.name.split("_")[-1] == "blob"
    }
    assert named == set(sweeping.NAMING)
