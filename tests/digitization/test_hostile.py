"""Files sent to do harm: each refused with its reason, nothing of it kept, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pikepdf import Array, Dictionary, Encryption, Name

from digitization.models import OcrJob, Page, SourceFile
from digitization.ocr import children
from digitization.problems import problem
from digitization.reading import recognise_one
from digitization.services import receive_file, retry_failed
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from tests.digitization import hostile, hostile_pictures
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_room, scan

pytestmark = pytest.mark.django_db

Make = Callable[[], bytes]

PDFS: dict[str, tuple[Make, str]] = {
    "password": (
        lambda: hostile.pdf_with(encryption=Encryption(owner="o", user="u")),
        "encrypted",
    ),
    "password of nothing": (
        lambda: hostile.pdf_with(encryption=Encryption(owner="o", user="")),
        "encrypted",
    ),
    "script": (lambda: hostile.with_action(S=Name.JavaScript, JS="x"), "active_content"),
    "script of a page": (hostile.with_script_at_opening_a_page, "active_content"),
    "script packed away": (hostile.with_script_packed_away, "active_content"),
    "script spelt otherwise": (hostile.with_script_spelt_otherwise, "active_content"),
    "launch": (lambda: hostile.with_action(S=Name.Launch, F="cmd.exe"), "active_content"),
    "submit": (lambda: hostile.with_action(S=Name.SubmitForm, F="http://x"), "active_content"),
    "import": (lambda: hostile.with_action(S=Name.ImportData, F="x.fdf"), "active_content"),
    "attachment": (hostile.with_attachment, "active_content"),
    "form of XML": (hostile.with_form_of_xml, "active_content"),
    "portfolio": (lambda: hostile.with_root(Collection=Dictionary()), "active_content"),
    "to another file": (
        lambda: hostile.with_action(S=Name.GoToR, F="x.pdf", D=Array([0, Name.Fit])),
        "reaches_out",
    ),
    "to the disk": (
        lambda: hostile.with_action(S=Name.URI, URI="file:///etc/passwd"),
        "reaches_out",
    ),
    "to a share": (lambda: hostile.with_action(S=Name.URI, URI=r"\\server\share"), "reaches_out"),
    "script as address": (
        lambda: hostile.with_action(S=Name.URI, URI="JavaScript:alert(1)"),
        "reaches_out",
    ),
    "opens an address": (
        lambda: hostile.with_root(OpenAction=Dictionary(S=Name.URI, URI="https://example.vn")),
        "reaches_out",
    ),
    "prints by itself": (
        lambda: hostile.with_root(OpenAction=Dictionary(S=Name.Named, N=Name.Print)),
        "active_content",
    ),
    "goes on to an address": (
        lambda: hostile.with_root(
            OpenAction=Dictionary(
                S=Name.GoTo, D=Array([0, Name.Fit]), Next=Dictionary(S=Name.URI, URI="http://x")
            )
        ),
        "active_content",
    ),
    "content elsewhere": (hostile.stream_elsewhere, "reaches_out"),
    "bomb": (hostile.pdf_bomb, "too_demanding"),
    "packed twice": (hostile.packed_twice, "too_demanding"),
    "chain of filters": (hostile.chain_of_filters, "too_demanding"),
    "absurd image": (hostile.absurd_image, "too_demanding"),
    "100 000 pages": (hostile.pages_without_end, "too_many_pages"),
    "tree in a circle": (hostile.tree_in_a_circle, "damaged"),
    "nested": (hostile.nested, "damaged"),
    "nested where it is still read": (lambda: hostile.nested(90), "too_demanding"),
    "giant page": (hostile.giant_page, "page_too_large"),
    "truncated": (lambda: hostile.pdf_with()[:-40], "damaged"),
}
PICTURES: dict[str, tuple[Make, str]] = {
    "50 000 pixels": (hostile_pictures.png_of_fifty_thousand, "page_too_large"),
    "lying header": (hostile_pictures.png_that_lies, "damaged"),
    "text bomb": (hostile_pictures.png_with_a_text_bomb, "damaged"),
    "fax of 50 000 pixels": (lambda: hostile_pictures.tiff(50_000, 50_000), "page_too_large"),
    "fax bomb": (hostile_pictures.tiff_bomb, "too_demanding"),
    "truncated": (lambda: scan()[:700], "damaged"),
    "truncated JPEG": (lambda: scan(form="JPEG")[:4000], "damaged"),
    "GIF": (lambda: b"GIF89a\xff\xff\xff\xff\x00\x00\x00;", "not_a_scan"),
    "nothing": (lambda: b"", "empty"),
    "picture and archive": (hostile_pictures.picture_and_archive, "two_kinds"),
    "picture and web page": (hostile_pictures.picture_and_page, "two_kinds"),
    "picture and PDF": (hostile_pictures.picture_and_pdf, "two_kinds"),
}
DOUBLE: dict[str, tuple[Make, str]] = {
    "PDF and archive": (hostile_pictures.pdf_and_archive, "two_kinds"),
    "web page and PDF": (hostile_pictures.page_and_pdf, "two_kinds"),
    "program and PDF": (hostile_pictures.program_and_pdf, "two_kinds"),
    "picture called PDF": (scan, "wrong_ending"),
}
ALL = [
    *((f"pdf {name}", "a.pdf", *what) for name, what in {**PDFS, **DOUBLE}.items()),
    *((f"picture {name}", "a.tif", *what) for name, what in PICTURES.items()),
    ("picture PDF called so", "a.png", hostile.pdf_with, "wrong_ending"),
    ("program by its name", "a.exe", scan, "bad_ending"),
    ("no ending", "scan", scan, "bad_ending"),
    ("two endings", "a.png.js", scan, "bad_ending"),
]


def files_in(*places: Path) -> list[Path]:
    return [path for place in places for path in place.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "make", "code"), [row[1:] for row in ALL], ids=[r[0] for r in ALL]
)
def test_it_is_refused_with_its_reason_and_leaves_nothing(
    name: str, make: Make, code: str, tmp: Path
) -> None:
    room = make_room()
    dossier = make_dossier(room)
    with pytest.raises(RefusedError) as refused:
        receive_file(
            actor=room.operator, dossier=dossier, name=name, chunks=chunks(make()), now=NOW
        )
    [found] = refused.value.problems
    assert found.code == code
    assert found.message
    assert not SourceFile.objects.exists()
    assert not StoredFile.objects.exists()
    assert not Page.objects.exists()
    assert files_in(django_settings.DATA_DIR, tmp) == []
    [line] = AuditEvent.objects.filter(action="file.refused", object_id=str(dossier.pk))
    assert (line.decision, line.reason, line.actor_id) == ("denied", code, room.operator.pk)
    room.lot.counter.refresh_from_db()
    assert (room.lot.counter.sent, room.lot.counter.refused, room.lot.counter.received) == (1, 1, 0)


@pytest.mark.parametrize("code", sorted({row[3] for row in ALL} | {"disk_full", "exhausted"}))
def test_every_reason_is_a_sentence_in_both_languages(code: str) -> None:
    said = []
    for language in ("vi", "en"):
        with translation.override(language):
            said.append(problem(code, page=3).message)
            assert problem(code, page=3).message != problem("no such code").message
    assert said[0] != said[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile.with_action(S=Name.URI, URI="https://example.vn/a"),
        lambda: hostile.with_action(S=Name.URI, URI="www.example.vn"),
        lambda: hostile.with_action(S=Name.GoTo, D=Array([0, Name.Fit])),
        lambda: hostile.with_root(OpenAction=Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]))),
        lambda: hostile.with_root(OpenAction=Array([0, Name.Fit])),
        lambda: b"\x1b%-12345X@PJL SET RESOLUTION=300\r\n" + hostile.pdf_with(),
        lambda: hostile.pdf_with() + b"\x00\x00\r\n",
    ],
)
def test_what_scanners_and_office_programs_write_comes_in(make: Make) -> None:
    room = make_room()
    dossier = make_dossier(room)
    receipt = receive_file(
        actor=room.operator, dossier=dossier, name="A.PDF", chunks=chunks(make()), now=NOW
    )
    assert receipt.pages == 1


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("a.pdf", hostile.pdf_bomb, "too_demanding"),
        ("a.pdf", lambda: hostile.with_action(S=Name.Launch, F="cmd.exe"), "active_content"),
        ("a.tif", hostile_pictures.tiff_bomb, "too_demanding"),
        ("a.png", hostile_pictures.picture_and_archive, "two_kinds"),
        ("a.html", scan, "bad_ending"),
    ],
)
@pytest.mark.parametrize("script", [True, False])
def test_through_the_browser_the_sentence_comes_back(
    name: str, make: Make, code: str, script: bool, tmp: Path
) -> None:
    room = make_room()
    dossier = make_dossier(room)
    client = Client(headers={"accept": "application/json"} if script else {})
    client.force_login(room.operator)
    answer = client.post(
        reverse("digitization:dossier_upload", args=[dossier.pk]),
        {"files": [SimpleUploadedFile(name, make()), SimpleUploadedFile("good.png", scan())]},
        follow=True,
    )
    assert answer.status_code == 200
    if script:
        assert [row["state"] for row in answer.json()["files"]] == ["refused", "received"]
        assert answer.json()["files"][0]["error"] == problem(code).message
    else:
        assert problem(code).message in answer.content.decode()
    assert SourceFile.objects.get().name == "good.png"
    assert files_in(tmp) == []
    assert len(files_in(django_settings.DATA_DIR)) == 1


def taken(room: Room, name: str, content: bytes) -> Page:
    receipt = receive_file(
        actor=room.operator, dossier=make_dossier(room), name=name, chunks=chunks(content), now=NOW
    )
    return Page.objects.get(source_id=receipt.source_id)


def test_a_page_that_eats_memory_fails_with_its_reason_and_the_worker_goes_on(tmp: Path) -> None:
    room = make_room()
    bad = taken(room, "bad.pdf", hostile.remembered_without_end())
    good = taken(room, "good.png", scan())
    assert recognise_one(worker="w")
    bad.job.refresh_from_db()
    assert (bad.job.state, bad.job.error_code) == (OcrJob.State.FAILED, "page_unreadable")
    assert recognise_one(worker="w")
    good.refresh_from_db()
    assert "Phiếu đảng viên" in good.text
    assert files_in(tmp) == []
    retry_failed(actor=room.operator, on=bad.dossier, now=NOW)
    bad.job.refresh_from_db()
    assert bad.job.state == OcrJob.State.QUEUED


def test_a_page_beyond_the_limits_of_its_child_is_tried_again_and_then_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp: Path
) -> None:
    page = taken(make_room(), "a.png", scan())
    starve(monkeypatch)
    for _ in range(3):
        OcrJob.objects.update(not_before=NOW)
        assert recognise_one(worker="w")
    job = OcrJob.objects.get(page=page)
    assert (job.state, job.error_code, job.attempts) == ("failed", "exhausted", 3)
    assert files_in(tmp) == []


def starve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children get a megabyte each."""
    real = children.read
    poor = children.Allowance(seconds=60, cpu_seconds=60, memory_mb=1, file_mb=1, programs=True)

    def read(path: Path, page: int) -> Any:
        return real(path, page, allowed=poor)

    monkeypatch.setattr(children, "read", read)
