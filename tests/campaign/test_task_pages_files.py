"""Files of a task: proof of a report, opened by links that live for minutes, taken out of sight."""

from __future__ import annotations

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Attachment, ProgressReport, Task
from campaign.services import attach_file
from security.models import AuditEvent, Classification, StoredFile
from tests.campaign.make import make_task, office_of, owner_of
from tests.campaign.test_views import client_of, head_of, running, url
from tests.security.make import LONG_AGO, make_approval, make_user

pytestmark = pytest.mark.django_db
PHOTO = b"\xff\xd8\xff\xe0 anh chup"


BEGINNINGS = {"jpg": PHOTO, "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-1.7 thu"}


def photo(name: str = "ảnh <b>chụp</b>.jpg") -> SimpleUploadedFile:
    """A file that begins as its name says; its browser says otherwise."""
    content = BEGINNINGS.get(name.rsplit(".", 1)[-1], b"MZ")
    return SimpleUploadedFile(name, content, "text/html")


def attached(task: Task) -> Attachment:
    return attach_file(
        actor=owner_of(task), task=task, name="báo cáo.pdf", chunks=[b"%PDF-1"], now=timezone.now()
    )


def body(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_a_report_is_sent_with_its_photos() -> None:
    task = running()
    owner = client_of(owner_of(task))
    sent = {"percent": "40", "note": "Xong 4/10", "proof": [photo(), photo("hai.png")]}
    assert owner.post(url("report", task), sent).status_code == 302
    report = ProgressReport.objects.get()
    names = set(report.attachments.values_list("name", flat=True))
    assert names == {"b>.jpg", "hai.png"}  # what stands before a slash is no part of a name
    page = client_of(head_of(task)).get(url("task_detail", task)).content.decode()
    assert "hai.png" in page
    assert "40%" in page


def test_a_report_with_a_file_that_is_not_taken_is_not_half_kept() -> None:
    task = running()
    sent = {"percent": "40", "note": "Giữ lời này", "proof": [photo(), photo("x.exe")]}
    answer = client_of(owner_of(task)).post(url("report", task), sent)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "x.exe" in said
    assert "Giữ lời này" in said
    assert not ProgressReport.objects.exists()
    assert not Attachment.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_file_opens_as_a_download_by_a_link_of_this_person_and_two_minutes() -> None:
    task = running()
    row = attached(task)
    head = client_of(head_of(task))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        there = head.get(url("file", task, row.pk)).headers["Location"]
        assert body(head, there) == b"%PDF-1"
        answer = head.get(there)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''b")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert AuditEvent.objects.filter(action="task.file_opened", decision="allowed").exists()
        assert client_of(owner_of(task)).get(there).status_code == 404
        bare = reverse("campaign:file_bytes", args=[row.pk])
        assert head.get(bare).status_code == 404
        clock.shift(121)
        assert head.get(there).status_code == 404
    assert AuditEvent.objects.filter(object_type="campaign.attachment", decision="denied").exists()


def test_a_file_of_a_task_unseen_or_of_a_higher_level_does_not_open() -> None:
    task = running()
    row, foreign = attached(task), attached(make_task(campaign=task.campaign, now=timezone.now()))
    owner = client_of(owner_of(task))
    assert owner.get(url("file", foreign.task, foreign.pk)).status_code == 404
    assert owner.get(url("file", task, foreign.pk)).status_code == 404
    there = owner.get(url("file", task, row.pk)).headers["Location"]
    _raised(row.stored)
    assert owner.get(url("file", task, row.pk)).status_code == 404
    assert owner.get(there).status_code == 404


def _raised(stored: StoredFile) -> None:
    """Above its task, as a classification of its own makes it."""
    approval = make_approval()
    StoredFile.objects.filter(pk=stored.pk).update(level=2)
    Classification.objects.create(
        kind=Classification.Kind.RAISED,
        object_type="security.storedfile",
        object_id=stored.pk,
        level=2,
        previous_level=stored.level,
        legal_basis="Quy chế",
        reason="Thử",
        classified_by=approval.recorded_by,
        classified_at=LONG_AGO,
        review_on=LONG_AGO.date(),
        approval=approval,
    )


def test_files_are_attached_and_taken_out_of_sight_by_who_may() -> None:
    task = running()
    owner = client_of(owner_of(task))
    assert owner.post(url("attach", task), {"proof": photo("a.pdf")}).status_code == 302
    row = Attachment.objects.get()
    assert row.report is None
    head = client_of(head_of(task))
    assert head.post(url("attach", task), {"proof": photo("b.pdf")}).status_code == 422
    assert head.post(url("file_remove", task, row.pk)).status_code == 422
    assert owner.post(url("attach", task), {}).status_code == 422
    there = owner.get(url("file", task, row.pk)).headers["Location"]
    assert client_of(office_of(task)).post(url("file_remove", task, row.pk)).status_code == 302
    row.refresh_from_db()
    assert row.removed_at is not None
    assert owner.get(there).status_code == 404
    page = owner.get(url("task_detail", task)).content.decode()
    assert url("file", task, row.pk) not in page
    assert "a.pdf" in page  # the story keeps its name
    assert StoredFile.objects.count() == 1


def test_a_stranger_attaches_nothing() -> None:
    task = running()
    stranger = client_of(make_user())
    assert stranger.post(url("attach", task), {"proof": photo()}).status_code == 404
    assert not Attachment.objects.exists()
