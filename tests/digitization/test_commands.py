"""The three commands that scripts outside rely on; reading itself is in test_worker."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digitization import services
from digitization.models import Dossier, Lot, Page
from security.models import AuditEvent
from tests.digitization.make import NOW, make_dossier, make_pages, make_room, scan

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[list[dict[str, Any]], int]:
    out, status = StringIO(), 0
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    return [json.loads(line) for line in out.getvalue().splitlines()], status


def test_a_new_dossier_goes_into_the_newest_open_lot(tmp_path: Path) -> None:
    room = make_room()
    newer = services.create_lot(
        actor=room.keeper, programme=room.programme, code="newer", now=NOW + timedelta(days=1),
        assigned_to=room.operator,
    )  # fmt: skip
    services.create_lot(
        actor=room.keeper, programme=room.programme, code="not mine", now=NOW + timedelta(days=2)
    )
    path = tmp_path / "a.png"
    path.write_bytes(scan())
    lines, status = run(
        "ingest", str(path), "--dossier", "HS-1", "--as", room.operator.username, "--json"
    )
    assert status == 0
    assert (lines[0]["pages"], lines[0]["state"]) == (1, "queued")
    assert Dossier.objects.get(code="HS-1").lot == newer


def test_one_bad_file_is_a_line_with_its_error_and_status_1(tmp_path: Path) -> None:
    room = make_room()
    good, bad = tmp_path / "a.png", tmp_path / "b.png"
    good.write_bytes(scan())
    bad.write_bytes(b"x")
    lines, status = run(
        "ingest", str(bad), str(tmp_path / "absent.pdf"), str(good),
        "--dossier", "HS-1", "--as", room.operator.username,
    )  # fmt: skip
    assert status == 1
    assert [line["state"] for line in lines] == ["refused", "refused", "queued"]
    assert all(line["error"] for line in lines[:2])


def test_without_a_lot_there_is_no_new_dossier(tmp_path: Path) -> None:
    room = make_room()
    Lot.objects.update(assigned_to=None)
    path = tmp_path / "a.png"
    path.write_bytes(scan())
    lines, status = run("ingest", str(path), "--dossier", "N", "--as", room.operator.username)
    assert (status, lines[0]["code"]) == (1, "no_open_lot")
    assert not Dossier.objects.exists()


def test_nobody_ingests_into_a_foreign_dossier(tmp_path: Path) -> None:
    room, stranger = make_room(), make_room()
    dossier = make_dossier(room)
    path = tmp_path / "a.png"
    path.write_bytes(scan())
    lines, status = run(
        "ingest", str(path), "--dossier", dossier.code, "--as", stranger.operator.username
    )
    assert (status, lines[0]["code"]) == (1, "dossier_exists")
    assert not Page.objects.exists()
    with pytest.raises(CommandError):
        call_command("ingest", str(path), "--dossier", "X", "--as", "nobody")


def test_text_is_exported_page_by_page_as_corrected(tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    pages = make_pages(dossier, 12, text="máy đọc", state="done")
    services.correct_text(actor=room.operator, page=pages[0], text="người sửa", version=1, now=NOW)
    out = tmp_path / "out"
    lines, _ = run("export_text", "--dossier", dossier.code, "--out", str(out), "--json")
    assert lines[0]["files"] == 12
    stem = pages[0].source.stem
    assert (out / f"{stem}_p01.txt").read_text("utf-8") == "người sửa"
    assert (out / f"{stem}_p12.txt").read_text("utf-8") == "máy đọc"
    exports = AuditEvent.objects.filter(action="dossier.exported", object_id=str(dossier.pk))
    assert exports.count() == 1
    assert exports[0].reason == "export_text: no reason given"
    assert exports[0].object_ids == [page.pk for page in pages]
    assert exports[0].allowed_by.startswith("the machine")
    run(
        "export_text", "--dossier", dossier.code, "--out", str(out), "--json",
        "--reason", "Nghiệm thu đợt 1",
    )  # fmt: skip
    assert exports.filter(reason="export_text: Nghiệm thu đợt 1").count() == 1
    with pytest.raises(CommandError):
        call_command("export_text", "--dossier", "absent", "--out", str(out))


def test_fields_are_exported_one_file_per_scan(tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, text="Họ và tên: Nguyễn Văn Thử", state="done")
    make_pages(dossier, state="done")
    lines, _ = run("export_fields", "--dossier", dossier.code, "--out", str(tmp_path), "--json")
    assert lines[0]["files"] == 2
    files = sorted(tmp_path.glob("*.json"))
    assert len(files) == 2
    assert all(isinstance(json.loads(path.read_text("utf-8")), dict) for path in files)
