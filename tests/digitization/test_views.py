"""Who sees which screen, what a foreign row answers, what a POST does with and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from digitization.models import Dossier, IndexValue, Lot, OcrJob, Page, SourceFile
from security.models import AuditEvent
from tests.digitization.make import Room, make_dossier, make_pages, make_room, scan
from tests.digitization.screens import HTMX, read_page, signed_in, url
from tests.security.links import picture
from tests.security.make import make_officer, make_unit

pytestmark = pytest.mark.django_db


def test_everybody_with_the_right_sees_home_and_nobody_else(room: Room) -> None:
    for user in (room.operator, room.inspector, room.keeper, make_officer("unit_head")):
        assert signed_in(user).get(url("home")).status_code == 200
    for role in ("unit_staff", "member", "security_officer", "administrator", "cell_secretary"):
        assert signed_in(make_officer(role, unit=room.unit)).get(url("home")).status_code == 404
    assert Client().get(url("home")).status_code == 302


def test_home_shows_my_lots_with_their_counts(room: Room) -> None:
    make_pages(make_dossier(room), 3, state="done")
    page = signed_in(room.operator).get(url("home"))
    assert room.lot.code in page.content.decode()
    assert [row.lot for row in page.context["mine"]] == [room.lot]
    assert page.context["mine"][0].counter.recognised == 3
    other = signed_in(room.inspector).get(url("home"))
    assert [row.lot for row in other.context["others"]] == [room.lot]
    stranger = signed_in(make_room().operator).get(url("home"))
    assert room.lot not in [row.lot for row in stranger.context["mine"]]
    partial = signed_in(room.operator).get(url("home"), **HTMX)
    assert "<html" not in partial.content.decode()


def without_tokens(answer: Any) -> str:
    return re.sub(
        r'"X-CSRFToken": "[^"]*"|value="[^"]{64}"|/\d+/|link=[\w:-]+', "", answer.content.decode()
    )


FOREIGN: list[tuple[str, Callable[[Page], int]]] = [
    ("programme", lambda page: page.dossier.lot.programme_id),
    ("lot", lambda page: page.dossier.lot_id),
    ("dossier", lambda page: page.dossier_id),
    ("page", lambda page: page.pk),
    ("page_image", lambda page: page.pk),
    ("page_thumbnail", lambda page: page.pk),
]


@pytest.mark.parametrize(("name", "key"), FOREIGN)
def test_a_foreign_row_answers_like_an_absent_one(
    room: Room, name: str, key: Callable[[Page], int]
) -> None:
    page = read_page(room)
    assert opened(signed_in(room.operator), name, key(page)).status_code == 200
    stranger = make_officer("operator", unit=make_unit())
    hidden = opened(signed_in(stranger), name, key(page))
    absent = opened(signed_in(stranger), name, 10**9)
    assert hidden.status_code == absent.status_code == 404
    assert without_tokens(hidden) == without_tokens(absent)
    nobody = make_officer("member", unit=room.unit)
    assert opened(signed_in(nobody), name, key(page)).status_code == 404


def opened(client: Client, name: str, pk: int) -> Any:
    """A picture by a link of this client, anything else by its address."""
    _page, _, what = name.partition("_")
    return client.get(picture(client, pk, what) if what else url(name, pk))


def test_a_page_above_ones_sensitivity_is_hidden_with_all_its_pictures(room: Room) -> None:
    page = read_page(room)
    user = make_officer("unit_head", unit=room.unit)
    user.role_grants.update(max_sensitivity=0)
    for name in ("page", "page_image", "page_thumbnail"):
        assert opened(signed_in(user), name, page.pk).status_code == 404
    assert AuditEvent.objects.filter(decision="denied", actor_id=user.pk).exists()


def test_pictures_are_served_through_the_app_and_leave_a_trace(room: Room) -> None:
    page = read_page(room)
    answer = opened(signed_in(room.operator), "page_image", page.pk)
    assert b"".join(answer) == b"RIFF derivative"
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "image/jpeg"
    seen = AuditEvent.objects.filter(action="read", object_type="digitization.page")
    assert seen.filter(object_id=str(page.pk), actor_id=room.operator.pk).count() == 1


def upload(room: Room, target: str, *contents: tuple[str, bytes], **extra: Any) -> Any:
    files = [SimpleUploadedFile(name, content) for name, content in contents]
    headers = {"HTTP_ACCEPT": "application/json"} if extra.pop("script", False) else {}
    return signed_in(room.operator).post(target, {"files": files, **extra}, **headers)  # type: ignore[arg-type]


def test_the_script_sends_a_file_and_gets_its_receipt(room: Room) -> None:
    dossier = make_dossier(room)
    target = url("dossier_upload", dossier.pk)
    [row] = upload(room, target, ("a.png", scan()), script=True).json()["files"]
    assert (row["state"], row["error"]) == ("received", "")
    [row] = upload(room, target, ("a.pdf", b"nonsense"), script=True).json()["files"]
    assert (row["state"], bool(row["error"])) == ("refused", True)
    assert SourceFile.objects.count() == 1


def test_a_plain_form_sends_several_files_and_the_bad_one_stops_nobody(room: Room) -> None:
    target = url("upload")
    answer = upload(
        room, target, ("a.png", scan("a")), ("b.pdf", b"bad"), ("c.png", scan("c")), code="HS-77"
    )
    dossier = Dossier.objects.get(code="HS-77")
    assert answer.url == url("dossier", dossier.pk)
    assert dossier.lot == room.lot
    assert dossier.files.count() == 2
    page = signed_in(room.operator).get(answer.url)
    assert page.status_code == 200


def test_no_upload_without_a_lot_or_for_others(room: Room) -> None:
    Lot.objects.update(assigned_to=None)
    [row] = upload(room, url("upload"), ("a.png", scan()), code="X", script=True).json()["files"]
    assert row["error"]
    assert not Dossier.objects.exists()
    answer = signed_in(room.inspector).post(url("upload"), {"code": "X"})
    assert answer.status_code == 404


def test_the_living_part_answers_only_when_something_changed(room: Room) -> None:
    dossier = make_dossier(room)
    make_pages(dossier, 2)
    client = signed_in(room.operator)
    for name, key in (("lot", room.lot.pk), ("dossier", dossier.pk)):
        seen = client.get(url(name, key)).context["signature"]
        reads = AuditEvent.objects.count()
        same = client.get(url(name, key), {"seen": seen}, **HTMX)
        assert (same.status_code, AuditEvent.objects.count()) == (204, reads)
    OcrJob.objects.filter(state="queued").update(state="done")
    for name, key in (("lot", room.lot.pk), ("dossier", dossier.pk)):
        answer = client.get(url(name, key), {"seen": "old"}, **HTMX)
        assert answer.status_code == 200
        assert "data-refresh" not in answer.content.decode()


def test_a_dossier_is_opened_from_its_lot(room: Room) -> None:
    client = signed_in(room.operator)
    answer = client.post(url("dossier_new", room.lot.pk), {"code": "HS-5", "subject": "Ai đó"})
    assert answer["Location"] == url("dossier", Dossier.objects.get(code="HS-5").pk)
    again = client.post(url("dossier_new", room.lot.pk), {"code": "HS-5"})
    assert again["Location"] == url("lot", room.lot.pk)
    assert Dossier.objects.count() == 1


def test_index_data_are_confirmed_and_wrong_ones_come_back(room: Room) -> None:
    dossier = make_dossier(room)
    client = signed_in(room.operator)
    target = url("dossier_index", dossier.pk)
    typed = {"index-full_name": "Lê Thị Hường", "index-personal_id": "12", "index-org_code": ""}
    answer = client.post(target, typed, **HTMX)
    assert answer.status_code == 422
    assert 'value="12"' in answer.content.decode()
    assert list(IndexValue.objects.values_list("key", flat=True)) == ["full_name"]
    assert client.post(target, typed).status_code == 422
    good = {"index-personal_id": "099084000123"}
    assert client.post(target, good).status_code == 302
    assert IndexValue.objects.count() == 2


def test_a_file_gets_its_type(room: Room) -> None:
    dossier = make_dossier(room)
    source = make_pages(dossier)[0].source
    type_ = room.programme.types.get(code="phieu_dang_vien")
    signed_in(room.operator).post(url("file_type", source.pk), {"type": type_.pk})
    source.refresh_from_db()
    assert source.document is not None
    assert source.document.type == type_


@pytest.mark.parametrize("typed", ["", "0", "9" * 5000, "x"])
def test_a_type_of_no_catalogue_changes_nothing_and_names_of_files_stay_off_the_trail(
    room: Room, typed: str
) -> None:
    source = make_pages(make_dossier(room))[0].source
    answer = signed_in(room.operator).post(url("file_type", source.pk), {"type": typed})
    assert answer.status_code == 302
    source.refresh_from_db()
    assert source.document is None
    denied = AuditEvent.objects.filter(
        object_type="digitization.documenttype", decision="denied", actor_id=room.operator.pk
    )
    assert denied.exists()
    type_ = room.programme.types.earliest("pk")
    signed_in(room.operator).post(url("file_type", source.pk), {"type": type_.pk})
    line = AuditEvent.objects.get(action="file.classified")
    assert (line.fields, line.reason) == (["type"], f"file {source.pk}")


def test_numbers_of_thousands_of_digits_are_no_numbers(room: Room) -> None:
    page = read_page(room)
    client, endless = signed_in(room.operator), "9" * 5000
    target = url("page_text", page.pk)
    said = {"line": endless, "value": "Khác", "version": endless}
    assert client.post(target, said).status_code == 422
    assert client.get(url("page", page.pk), {"line": endless}).status_code == 200
    index = client.post(url("dossier_index", page.dossier_id), {"page": endless})
    assert index.status_code == 302
    page.refresh_from_db()
    assert not page.corrected


def test_a_foreign_part_is_a_denial_in_the_trail(room: Room) -> None:
    page = read_page(room)
    stranger = make_officer("operator", unit=make_unit())
    assert opened(signed_in(stranger), "page_thumbnail", page.pk).status_code == 404
    assert AuditEvent.objects.filter(actor_id=stranger.pk, decision="denied").exists()


def test_a_code_that_had_to_be_cleaned_still_leads_to_its_dossier(room: Room) -> None:
    answer = signed_in(room.operator).post(
        url("dossier_new", room.lot.pk), {"code": " HS/77 ", "title": "", "subject": ""}
    )
    made = Dossier.objects.get(lot=room.lot)
    assert made.code != "HS/77"
    assert answer.headers["Location"] == url("dossier", made.pk)
