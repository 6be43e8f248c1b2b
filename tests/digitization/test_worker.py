"""Real workers, real Tesseract: from a file to its text, and a worker killed in the middle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from digitization import queue
from digitization.models import OcrJob, Page
from tests.digitization.make import make_dossier, make_room, scan

pytestmark = [pytest.mark.ocr, pytest.mark.django_db(transaction=True)]
ANSWERS_WITHIN = 90  # seconds; several suites may share two cores


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + ANSWERS_WITHIN
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.2)


def run(*arguments: str) -> tuple[list[dict[str, Any]], int]:
    out, status = StringIO(), 0
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    return [json.loads(line) for line in out.getvalue().splitlines()], status


def test_from_scan_to_text_and_back_out(celery_worker_process: Any, tmp_path: Path) -> None:
    room = make_room()
    good, bad, twin = tmp_path / "d01.png", tmp_path / "bad.pdf", tmp_path / "x" / "d01.jpg"
    twin.parent.mkdir()
    good.write_bytes(
        scan(
            "Phiếu đảng viên",
            "1. Họ và tên: Nguyễn Văn Thử",
            "2. Giới tính: Nam",
            "3. Ngày sinh: 12/03/1984",
            "4. Số CCCD: 099084000123",
            "5. Dân tộc: Kinh",
            "6. Tôn giáo: Không",
        )
    )
    bad.write_bytes(b"not a scan")
    twin.write_bytes(scan("Quyết định kết nạp", form="JPEG"))
    lines, status = run(
        "ingest", str(good), str(bad), str(twin), "--dossier", "HS-9",
        "--as", room.operator.username, "--wait",
    )  # fmt: skip
    assert status == 1
    assert [line["state"] for line in lines] == ["done", "refused", "done"]
    assert set(lines[0]) == {"file", "sha256", "pages", "state", "seconds"}
    assert lines[1]["error"]
    assert bad.read_bytes() == b"not a scan"

    out = tmp_path / "out"
    run("export_text", "--dossier", "HS-9", "--out", str(out), "--json")
    assert sorted(path.name for path in out.iterdir()) == ["d01-2_p01.txt", "d01_p01.txt"]
    assert "Nguyễn Văn Thử" in (out / "d01_p01.txt").read_text("utf-8")
    page = Page.objects.get(source__stem="d01")
    assert page.derivative
    assert page.words[0][0] == "Phiếu"
    assert "nguyen van thu" in page.text_folded

    run("export_fields", "--dossier", "HS-9", "--out", str(out / "fields"), "--json")
    fields = json.loads((out / "fields" / "d01.json").read_text("utf-8"))
    assert (fields["ho_ten"], fields["so_cccd"]) == ("Nguyễn Văn Thử", "099084000123")
    assert json.loads((out / "fields" / "d01-2.json").read_text("utf-8")) == {}

    again, status = run(
        "ingest", str(good), "--dossier", "HS-9", "--as", room.operator.username, "--wait"
    )
    assert (status, again[0]["sha256"]) == (0, lines[0]["sha256"])
    assert Page.objects.count() == 2


@pytest.mark.long
def test_a_worker_killed_while_reading_loses_and_doubles_nothing(
    celery_worker_process: Any, tmp_path: Path
) -> None:
    room = make_room()
    dossier = make_dossier(room)
    names = []
    for number in range(8):
        path = tmp_path / f"s{number}.png"
        path.write_bytes(scan(*[f"Trang {number} dòng {row} của hồ sơ" for row in range(8)]))
        names.append(str(path))
    run("ingest", *names, "--dossier", dossier.code, "--as", room.operator.username)
    wait_for(
        lambda: (
            OcrJob.objects.filter(state="done").exists()
            and OcrJob.objects.filter(state="running").exists()
        ),
        "no page under way",
    )
    celery_worker_process.kill()
    done_before = dict(OcrJob.objects.filter(state="done").values_list("page_id", "attempts"))
    orphan = OcrJob.objects.get(state="running")
    assert queue.requeue_expired() == 0  # its lease still runs: nobody else may take it yet

    celery_worker_process.start()
    OcrJob.objects.filter(pk=orphan.pk).update(lease_until="2026-01-01T00:00:00Z")
    queue.requeue_expired()
    queue.top_up()
    wait_for(
        lambda: OcrJob.objects.filter(state="done").count() == 8,
        f"left: {list(OcrJob.objects.values_list('state', 'error_code'))}",
    )
    jobs = {job.page_id: job for job in OcrJob.objects.all()}
    assert all(jobs[page].attempts == attempts for page, attempts in done_before.items())
    assert jobs[orphan.page_id].attempts == 2
    assert sum(job.attempts for job in jobs.values()) == 9
    assert all(Page.objects.values_list("version", flat=True)[i] == 2 for i in range(8))
    counter = room.lot.counter
    counter.refresh_from_db()
    assert (counter.recognised, counter.queued, counter.running, counter.failed) == (8, 0, 0, 0)
