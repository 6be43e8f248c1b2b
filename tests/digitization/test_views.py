"""Who sees which screen, what a foreign row answers, what a POST does with and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digitization import queue, reading, services
from digitization.models import Dossier, IndexValue, Lot, OcrJob, Page, Programme, SourceFile
from digitization.ocr import PageReading, Word
from digitization.selectors.people import people_able_to
from security.models import AuditEvent, RolePermission, User
from tests.digitization.make import NOW, Room, give_index, make_dossier, make_pages, make_room, scan
from tests.security.make import make_officer, make_unit

pytestmark = pytest.mark.django_db
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"digitization:{name}", args=args)


def read_page(room: Room, dossier: Dossier | None = None) -> Page:
    """A page with words and pictures, as recognition leaves it."""
    page = make_pages(dossier or make_dossier(room))[0]
    taken = queue.claim(worker="w")
    assert taken is not None
    words = [
        Word(text=text, x=10 * at, y=20 + 40 * line, w=9, h=20, confidence=confidence, line=line)
        for at, (text, confidence, line) in enumerate(
            [("Lê", 95, 0), ("Thị", 95, 0), ("Huờng", 41, 0), ("Chi", 96, 1), ("bộ", 52, 1)]
        )
    ]
    result = PageReading(
        text="Lê Thị Huờng\n\nChi bộ", words=words, width=100, height=200, rotation=0, skew=0.0,
        blank=False, mean_confidence=80.0, derivative=b"RIFF derivative", thumbnail=b"RIFF small",
        engine="test", engine_version="1", seconds=1.0,
    )  # fmt: skip
    assert reading.write_result(taken, page, result)
    page.refresh_from_db()
    return page


@pytest.fixture
def room() -> Room:
    return make_room()


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
    return re.sub(r'"X-CSRFToken": "[^"]*"|value="[^"]{64}"|/\d+/', "", answer.content.decode())


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
    assert signed_in(room.operator).get(url(name, key(page))).status_code == 200
    stranger = make_officer("operator", unit=make_unit())
    hidden = signed_in(stranger).get(url(name, key(page)))
    absent = signed_in(stranger).get(url(name, 10**9))
    assert hidden.status_code == absent.status_code == 404
    assert without_tokens(hidden) == without_tokens(absent)
    nobody = make_officer("member", unit=room.unit)
    assert signed_in(nobody).get(url(name, key(page))).status_code == 404


def test_a_page_above_ones_sensitivity_is_hidden_with_all_its_pictures(room: Room) -> None:
    page = read_page(room)
    user = make_officer("unit_head", unit=room.unit)
    user.role_grants.update(max_sensitivity=0)
    for name in ("page", "page_image", "page_thumbnail"):
        assert signed_in(user).get(url(name, page.pk)).status_code == 404
    assert AuditEvent.objects.filter(decision="denied", actor_id=user.pk).exists()


def test_pictures_are_served_through_the_app_and_leave_a_trace(room: Room) -> None:
    page = read_page(room)
    answer = signed_in(room.operator).get(url("page_image", page.pk))
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


def test_the_lot_page_asks_a_bounded_number_of_questions(
    room: Room, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_pages(make_dossier(room), 4, state="failed")
    client = signed_in(room.operator)
    client.get(url("lot", room.lot.pk))
    with django_assert_max_num_queries(24):
        client.get(url("lot", room.lot.pk))


def test_failed_pages_are_listed_with_a_reason_and_retried(room: Room) -> None:
    page = make_pages(make_dossier(room), 2, state="failed")[0]
    client = signed_in(room.operator)
    content = client.get(url("lot", room.lot.pk)).content.decode()
    assert url("page_retry", page.pk) in content
    client.post(url("page_retry", page.pk), {"to": "lot"})
    assert OcrJob.objects.filter(state="queued").count() == 1
    client.post(url("lot_retry", room.lot.pk))
    assert OcrJob.objects.filter(state="queued").count() == 2


def test_a_page_is_excused_from_its_screen(room: Room) -> None:
    page = make_pages(make_dossier(room), state="failed")[0]
    client = signed_in(room.operator)
    client.post(url("page_excuse", page.pk), {"reason": ""})
    assert OcrJob.objects.get().state == "failed"
    client.post(url("page_excuse", page.pk), {"reason": "Mốc"})
    assert (OcrJob.objects.get().state, OcrJob.objects.get().reason) == ("excused", "Mốc")


def test_only_an_inspector_accepts_and_sees_what_is_missing(room: Room) -> None:
    dossier = make_dossier(room)
    make_pages(dossier, state="done")
    client = signed_in(room.inspector)
    gate = dict(client.get(url("lot", room.lot.pk)).context["gate"] or [])
    assert False in gate
    client.post(url("lot_accept", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "open"
    give_index(room, dossier)
    assert signed_in(room.operator).post(url("lot_accept", room.lot.pk)).status_code == 404
    client.post(url("lot_accept", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "accepted"
    assert client.get(url("lot", room.lot.pk)).status_code == 200
    assert client.get(url("dossier", dossier.pk)).status_code == 200


def test_a_lot_is_returned_and_taken_up_again(room: Room) -> None:
    signed_in(room.inspector).post(url("lot_reject", room.lot.pk), {"reason": "Mờ"})
    assert Lot.objects.get(pk=room.lot.pk).state == "rejected"
    assert "Mờ" in signed_in(room.operator).get(url("lot", room.lot.pk)).content.decode()
    signed_in(room.operator).post(url("lot_reopen", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "open"


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


def test_a_role_that_lost_the_action_offers_nobody(room: Room) -> None:
    assert room.operator in people_able_to("digitization.upload", room.unit, timezone.now())
    RolePermission.objects.filter(action="digitization.upload").update(allowed=False)
    assert not people_able_to("digitization.upload", room.unit, timezone.now()).exists()


def test_the_reading_room_marks_doubtful_words_and_boxes_the_line_in_hand(room: Room) -> None:
    page = read_page(room)
    client = signed_in(room.operator)
    content = client.get(url("page", page.pk)).content.decode()
    assert ">Huờng</mark>" in content
    assert ">bộ</mark>" in content
    assert ">Thị</mark>" not in content
    context = client.get(url("page", page.pk), {"line": 2}).context
    assert context["here"].text == "Chi bộ"
    assert (context["here"].box.x, context["following"]) == (26, None)
    answer = client.get(url("page", page.pk), {"line": 0}, **HTMX)
    assert "<html" not in answer.content.decode()
    assert "data-here" in answer.content.decode()


def test_a_line_is_corrected_by_keyboard_and_the_next_doubtful_one_follows(room: Room) -> None:
    page = read_page(room)
    client = signed_in(room.operator)
    target = url("page_text", page.pk)
    typed = {"line": 0, "value": " Lê  Thị Hường ", "version": page.version}
    answer = client.post(target, typed, **HTMX)
    assert answer.context["here"].number == 2
    page.refresh_from_db()
    assert page.current_text == "Lê Thị Hường\n\nChi bộ"
    assert page.text == "Lê Thị Huờng\n\nChi bộ"
    late = client.post(target, {"line": 2, "value": "Chi bộ 3", "version": 1})
    assert late.status_code == 422
    assert "Chi bộ 3" in late.content.decode()
    page.refresh_from_db()
    assert page.current_text == "Lê Thị Hường\n\nChi bộ"
    whole = client.post(target, {"value": "Khác hẳn", "version": page.version})
    assert whole.status_code == 302
    assert Page.objects.get().current_text == "Khác hẳn"


def test_a_viewer_reads_but_does_not_correct(room: Room) -> None:
    page = read_page(room)
    viewer = signed_in(make_officer("unit_head", unit=room.unit))
    content = viewer.get(url("page", page.pk), {"line": 0}).content.decode()
    assert url("page_text", page.pk) not in content
    assert viewer.post(url("page_text", page.pk), {"value": "x"}).status_code == 404
    assert viewer.post(url("dossier_index", page.dossier_id), {}).status_code == 404


def test_a_page_that_waits_or_failed_says_so(room: Room) -> None:
    dossier = make_dossier(room)
    waiting, failed = make_pages(dossier)[0], make_pages(dossier, state="failed")[0]
    client = signed_in(room.operator)
    assert client.get(url("page", waiting.pk)).status_code == 200
    assert client.get(url("page_image", waiting.pk)).status_code == 404
    assert url("page_excuse", failed.pk) in client.get(url("page", failed.pk)).content.decode()


def test_a_programme_from_nothing_to_its_first_lot(room: Room) -> None:
    client = signed_in(room.keeper)
    assert client.get(url("programme_new")).status_code == 200
    assert client.post(url("programme_new"), {"code": ""}).status_code == 422
    made = client.post(
        url("programme_new"),
        {
            "code": "P2", "title": "Đợt 2", "kind": "cadre", "unit": room.unit.pk,
            "focal_person": room.keeper.pk,
        },
    )  # fmt: skip
    programme = Programme.objects.get(code="P2")
    page = url("programme", programme.pk)
    assert made["Location"] == page
    assert len(client.get(page).context["missing"]) == 1
    client.post(url("programme_close", programme.pk))
    assert programme.steps.get(number=1).state == "open"
    assert client.post(
        url("programme_expected", programme.pk), {"phieu_can_bo": "-1"}
    ).status_code == 422  # fmt: skip
    client.post(url("programme_expected", programme.pk), {"phieu_can_bo": "40"})
    assert client.post(url("lot_new", programme.pk), {"code": "L1"}).status_code == 422
    client.post(url("programme_close", programme.pk))
    assert programme.steps.get(number=1).state == "closed"
    lot = client.post(
        url("lot_new", programme.pk),
        {
            "code": "L1", "unit": room.unit.pk, "assigned_to": room.operator.pk,
            "expected_pages": 100,
        },
    )  # fmt: skip
    assert lot["Location"] == url("lot", Lot.objects.get(programme=programme).pk)
    assert client.get(page).status_code == 200
    assert signed_in(room.operator).get(url("programme_new")).status_code == 404


def test_search_needs_no_accents_and_prefers_them(room: Room) -> None:
    dossier = make_dossier(room)
    make_pages(dossier, text="Đồng chí Nguyễn Văn Ân, chi bộ 3", state="done")
    make_pages(dossier, text="Đồng chí Nguyễn Văn An, chi bộ 4", state="done")
    make_pages(dossier, text="Trần Thị Bình", state="done")
    client = signed_in(room.operator)
    for query in ("nguyen van an", "NGUYỄN  VĂN", "nguyen v"):
        assert client.get(url("search"), {"q": query}).context["found"].count == 2
    exact = client.get(url("search"), {"q": "Nguyễn Văn Ân"}).context["found"]
    assert "Ân" in exact.hits[0].page.text
    content = client.get(url("search"), {"q": "tran binh"}).content.decode()
    assert "<mark>Trần</mark> Thị <mark>Bình</mark>" in content
    for query in ("", "  ", "%%%", "' OR 1=1 --", "a:*b & ("):
        assert client.get(url("search"), {"q": query}).status_code == 200


def test_search_counts_only_what_one_may_see(room: Room) -> None:
    make_pages(make_dossier(room), 3, text="Nguyễn Văn An", state="done")
    services.set_index_value(
        actor=room.operator, dossier=make_dossier(room, code="HS-TÌM"), key="full_name",
        value="Hoà Bình", now=NOW,
    )  # fmt: skip
    stranger = signed_in(make_room().operator)
    found = stranger.get(url("search"), {"q": "nguyen"}).context["found"]
    assert (found.count, found.hits, found.dossiers) == (0, [], [])
    assert stranger.get(url("search"), {"q": "hoa binh"}).context["found"].dossiers == []
    mine = signed_in(room.operator).get(url("search"), {"q": "hòa bình"}).context["found"]
    assert [dossier.code for dossier in mine.dossiers] == ["HS-TÌM"]


def test_a_corrected_page_is_found_by_what_it_really_says(room: Room) -> None:
    page = make_pages(make_dossier(room), text="Lẽ Thì Hương", state="done")[0]
    services.correct_text(actor=room.operator, page=page, text="Quách Phú", version=1, now=NOW)
    client = signed_in(room.operator)
    assert client.get(url("search"), {"q": "quach phu"}).context["found"].count == 1
    assert client.get(url("search"), {"q": "le thi"}).context["found"].count == 0


def test_a_hit_opens_the_page_with_its_words_boxed(room: Room) -> None:
    page = read_page(room)
    context = signed_in(room.operator).get(url("page", page.pk), {"q": "chi bo"}).context
    assert [box.x for box in context["hits"]] == [26, 36]


def test_reading_in_parts_leaves_its_row_in_the_trail(room: Room) -> None:
    """given a page; when htmx fetches its text; then the trail knows, as with the whole page"""
    page = read_page(room)
    client = signed_in(room.operator)
    parts = [url("page", page.pk), url("dossier", page.dossier_id), url("lot", room.lot.pk)]
    for address in parts:
        assert client.get(address, **HTMX).status_code == 200
    seen = AuditEvent.objects.filter(
        action="read", actor_id=room.operator.pk, decision="allowed"
    ).values_list("object_type", flat=True)
    assert {"digitization.page", "digitization.dossier", "digitization.lot"} <= set(seen)


def test_a_foreign_part_is_a_denial_in_the_trail(room: Room) -> None:
    page = read_page(room)
    stranger = make_officer("operator", unit=make_unit())
    assert signed_in(stranger).get(url("page_thumbnail", page.pk), **HTMX).status_code == 404
    assert AuditEvent.objects.filter(actor_id=stranger.pk, decision="denied").exists()


def test_who_keyed_index_data_does_not_accept_the_lot(room: Room) -> None:
    page = read_page(room)
    give_index(room, page.dossier)
    IndexValue.objects.filter(dossier=page.dossier).update(confirmed_by=room.inspector)
    signed_in(room.inspector).post(url("lot_accept", room.lot.pk))
    room.lot.refresh_from_db()
    assert room.lot.state == Lot.State.OPEN


def test_a_code_that_had_to_be_cleaned_still_leads_to_its_dossier(room: Room) -> None:
    answer = signed_in(room.operator).post(
        url("dossier_new", room.lot.pk), {"code": " HS/77 ", "title": "", "subject": ""}
    )
    made = Dossier.objects.get(lot=room.lot)
    assert made.code != "HS/77"
    assert answer.headers["Location"] == url("dossier", made.pk)
