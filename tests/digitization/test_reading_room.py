"""The reading room and the search that leads there: doubtful words, boxes, correction, trail."""

from __future__ import annotations

import pytest

from digitization import services
from digitization.models import Page, PageExport
from security.models import AuditEvent
from tests.digitization.make import NOW, Room, make_dossier, make_pages, make_room
from tests.digitization.screens import HTMX, read_page, signed_in, url
from tests.security.links import picture
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db


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
    assert client.get(picture(client, waiting.pk)).status_code == 404
    assert url("page_excuse", failed.pk) in client.get(url("page", failed.pk)).content.decode()


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


def test_a_page_leaves_the_reading_room_by_an_export_alone(room: Room) -> None:
    page = read_page(room)
    keeper = signed_in(room.keeper)
    assert url("export_page", page.pk) in keeper.get(url("page", page.pk)).content.decode()
    asked = keeper.post(
        url("export_page", page.pk), {"purpose": "personnel", "reason": "Vì việc của phòng"}
    )
    export = PageExport.objects.get()
    assert asked["Location"] == url("export", export.number)
    assert export.page_ids == [page.pk]
    operator = signed_in(room.operator)
    assert url("export_page", page.pk) not in operator.get(url("page", page.pk)).content.decode()
    assert operator.get(url("export_page", page.pk)).status_code == 404
