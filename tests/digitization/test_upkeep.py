"""Upkeep of everything that rows name: checked, encrypted, rewrapped; numbers and ids only."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from digitization import upkeep
from digitization.models import OcrJob, Page
from digitization.reading import recognise_one
from digitization.services import receive_file
from security import files, keyring
from security.blobs import blob_path
from security.models import AuditEvent, StoredFile
from security.upkeep import header_of
from tests.digitization.make import NOW, Room, make_dossier, make_room, scan
from tests.security.links import picture

pytestmark = pytest.mark.django_db


def make_read_page(room: Room, name: str = "a.png", content: bytes | None = None) -> Page:
    """A received file whose page has its pictures."""
    dossier = make_dossier(room)
    receipt = receive_file(
        actor=room.operator, dossier=dossier, name=name, chunks=[content or scan()], now=NOW
    )
    page = Page.objects.get(source_id=receipt.source_id)
    for kind in ("derivative", "thumbnail"):
        blob = files.receive(
            [f"{kind} {page.pk}".encode()], unit=room.unit, level=page.level, max_bytes=99
        ).blob
        setattr(page, kind, blob)
    page.save(update_fields=["derivative", "thumbnail"])
    return page


def blobs_of(page: Page) -> list[str]:
    return [page.source.stored.blob, page.derivative, page.thumbnail]


def rot(blob: str) -> None:
    content = bytearray(blob_path(blob).read_bytes())
    content[-1] ^= 1
    blob_path(blob).write_bytes(content)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_all_is_whole_and_the_trail_says_so() -> None:
    make_read_page(make_room())
    assert json.loads(run("check_files", "--json")) == {"counts": {"whole": 3}, "rows": []}
    line = AuditEvent.objects.get(action="files.checked").reason
    assert line.startswith("ok; ")
    assert "looked_at 3" in line
    assert "whole 3" in line


def test_what_is_rotten_gone_or_without_key_is_named_by_id_alone(settings: Any) -> None:
    page = make_read_page(make_room(), "tên riêng.png")
    source, image, _small = blobs_of(page)
    rot(source)
    blob_path(image).unlink()
    with pytest.raises(CommandError) as told:
        run("check_files")
    assert str(told.value).split("\n") == [
        f"damaged file {page.source.stored_id}", f"missing page_image {page.pk}",
    ]  # fmt: skip
    line = AuditEvent.objects.get(action="files.checked").reason
    assert "whole 1" in line
    assert "riêng" not in line
    settings.FILE_KEYS = keyring.with_new_version("")
    assert upkeep.check_files().counts == {"no_key": 2, "missing": 1}


def test_files_of_before_are_encrypted_with_their_pictures(settings: Any) -> None:
    settings.FILE_ENCRYPTION = "off"
    page = make_read_page(make_room())
    before = [blob_path(blob).read_bytes() for blob in blobs_of(page)]
    settings.FILE_ENCRYPTION = "only"
    assert run("encrypt_files").strip() == "encrypted 3"
    assert run("encrypt_files").strip() == "already 3"
    for blob, plain in zip(blobs_of(page), before, strict=True):
        assert plain not in blob_path(blob).read_bytes()
        with files.open_blob(blob) as opened:
            assert opened.read() == plain


def test_a_damaged_plain_file_stays_plain_and_is_named(settings: Any) -> None:
    settings.FILE_ENCRYPTION = "off"
    page = make_read_page(make_room())
    rot(page.source.stored.blob)
    settings.FILE_ENCRYPTION = "on"
    with pytest.raises(CommandError, match=f"damaged file {page.source.stored_id}"):
        run("encrypt_files")
    assert header_of(page.source.stored.blob) is None
    assert header_of(page.derivative) is not None


def test_after_a_rotation_the_old_keys_are_needed_no_more(settings: Any) -> None:
    page = make_read_page(make_room())
    settings.FILE_KEYS = keyring.with_new_version("\n".join(settings.FILE_KEYS.split()))
    assert run("rotate_file_keys").strip() == "rewrapped 3"
    assert run("rotate_file_keys").strip() == "already 3"
    new = [key for key in settings.FILE_KEYS.split() if ":2:" in key]
    settings.FILE_KEYS = " ".join(new)
    assert upkeep.check_files().counts == {"whole": 3}
    assert page.pk


def test_a_rotation_that_cannot_finish_says_to_keep_the_old_keys(settings: Any) -> None:
    make_read_page(make_room())
    settings.FILE_KEYS = keyring.with_new_version("")
    settings.FILE_KEYS = settings.FILE_KEYS.replace(":1:", ":2:", 4)
    with pytest.raises(CommandError, match="Keep the older keys"):
        run("rotate_file_keys")


def test_a_row_classified_higher_takes_its_key_along(settings: Any) -> None:
    page = make_read_page(make_room())
    StoredFile.objects.filter(pk=page.source.stored_id).update(level=2)
    assert "raised 1" in run("rotate_file_keys")
    header = header_of(page.source.stored.blob)
    assert header is not None
    assert header.level == 2
    # No approval stands behind this level; the database would ask for it at the end.
    StoredFile.objects.update(level=1)


# --- the way of a reader ----------------------------------------------------------------


def test_a_damaged_picture_is_an_error_and_no_half_picture() -> None:
    room = make_room()
    page = make_read_page(room)
    client = Client()
    client.force_login(room.operator)
    address = picture(client, page.pk)
    whole = client.get(address)
    assert whole.getvalue() == f"derivative {page.pk}".encode()
    assert int(whole["Content-Length"]) == len(f"derivative {page.pk}")
    rot(page.derivative)
    answer = client.get(address)
    assert answer.status_code == 500
    assert b"derivative" not in answer.content
    assert answer["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(("spoil", "code"), [("rot", "file_damaged"), ("key", "key_missing")])
def test_a_page_of_a_damaged_file_is_not_read(spoil: str, code: str, settings: Any) -> None:
    page = make_read_page(make_room())
    OcrJob.objects.update(attempts_left=1)
    if spoil == "rot":
        rot(page.source.stored.blob)
    else:
        settings.FILE_KEYS = keyring.with_new_version("")
    assert recognise_one(worker="w")
    job = OcrJob.objects.get()
    assert (job.state, job.error_code) == ("failed", code)
    assert not Page.objects.get().text


RANGES = [
    ("bytes=0-3", 206, slice(0, 4)),
    ("bytes=4-", 206, slice(4, None)),
    ("bytes=-5", 206, slice(-5, None)),
    ("bytes=3-999999", 206, slice(3, None)),
    ("bytes=-999999", 200, slice(None)),
    ("bytes=0-", 200, slice(None)),
    ("bytes=0-1,4-5", 200, slice(None)),  # several: the whole, as RFC 9110 allows
    ("bytes=5-2", 200, slice(None)),
    ("bytes=-", 200, slice(None)),
    ("lines=1-2", 200, slice(None)),
    ("", 200, slice(None)),
    ("bytes=999999-", 416, slice(0, 0)),
    ("bytes=-0", 416, slice(0, 0)),
]


@pytest.mark.parametrize(("asked", "status", "part"), RANGES, ids=[row[0] for row in RANGES])
def test_a_range_is_answered_with_exactly_these_bytes(asked: str, status: int, part: slice) -> None:
    room = make_room()
    page = make_read_page(room)
    whole = f"derivative {page.pk}".encode()
    client = Client()
    client.force_login(room.operator)
    address = picture(client, page.pk)
    answer = client.get(address, headers={"Range": asked} if asked else {})
    assert (answer.status_code, answer.getvalue()) == (status, whole[part])
    if status == 206:
        start, end, _step = part.indices(len(whole))
        assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{len(whole)}"
        assert int(answer["Content-Length"]) == end - start
    if status == 416:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"
    assert answer["Cache-Control"] == "no-store, private"


def test_a_range_of_a_large_file_crosses_chunks() -> None:
    room = make_room()
    page = make_read_page(room)
    whole = bytes(range(256)) * 4000  # four chunks
    page.derivative = files.receive([whole], unit=room.unit, level=1, max_bytes=2**21).blob
    page.save(update_fields=["derivative"])
    client = Client()
    client.force_login(room.operator)
    address = picture(client, page.pk)
    answer = client.get(address, headers={"Range": "bytes=262000-800000"})
    assert answer.getvalue() == whole[262000:800001]


def test_a_range_of_a_hidden_page_is_the_same_404() -> None:
    page = make_read_page(make_room())
    client = Client()
    client.force_login(make_room().operator)
    answers = [
        client.get(picture(client, pk), headers={"Range": "bytes=0-1"}) for pk in (page.pk, 10**9)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "Content-Range" not in answers[0]
