"""Attacks on who may see what: guessed ids, counts, hidden fields, pictures; each refusal on the trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaign.models import Task
from digitization.models import DocumentType, Dossier, Lot, LotCounter, Page
from records.models import Member
from security.models import AuditEvent, User
from tests.campaign.make import submit
from tests.digitization.make import give_index, make_dossier, make_pages, make_room
from tests.records.make import make_cell, make_member
from tests.security.attacks import Unchanged, client_of, denials, two_pages, two_tasks, with_picture
from tests.security.links import picture
from tests.security.make import grant_role, make_officer, make_user

pytestmark = pytest.mark.django_db


# --- IDOR -------------------------------------------------------------------------------


def test_no_id_around_ones_own_opens_anything_of_others() -> None:
    """Whoever counts up and down from his own ids meets rows of others, and learns nothing."""
    two = two_tasks()
    client = client_of(two.worker)
    own = set(Task.objects.visible_to(two.worker).values_list("pk", flat=True))
    for pk in range(two.mine.pk - 3, two.theirs.pk + 4):
        for address in (f"/tasks/{pk}/", f"/api/v1/tasks/{pk}/"):
            answer = client.get(address)
            assert (answer.status_code == 200) is (pk in own), address
            assert "canaryxyz" not in answer.content.decode()


def test_a_product_or_hand_in_of_another_task_cannot_be_slipped_in() -> None:
    two = two_tasks()
    handed_in = submit(two.theirs, now=timezone.now())
    foreign = two.theirs.products.get()
    client = client_of(two.worker)
    head = client_of(make_officer("head", unit=two.unit))
    before = denials(two.worker)
    with Unchanged():
        for data in ({"statement": "x"}, {"statement": "x", "link": "x"}):
            address = f"/tasks/{two.mine.pk}/products/{foreign.pk}/submit/"
            assert client.post(address, data).status_code == 404
        address = f"/tasks/{two.mine.pk}/submissions/{handed_in.pk}/accept/"
        assert head.post(address, {"grade": "A"}).status_code == 404
    assert denials(two.worker) == before + 2


def test_a_file_of_another_dossier_cannot_be_typed() -> None:
    room, mine, theirs = two_pages()
    client = client_of(room.operator)
    kind = DocumentType.objects.filter(programme=room.programme).first()
    foreign_kind = DocumentType.objects.filter(programme=theirs.dossier.lot.programme).first()
    assert kind is not None
    assert foreign_kind is not None
    before = denials(room.operator)
    with Unchanged():
        hidden = client.post(f"/digitization/files/{theirs.source_id}/type/", {"type": kind.pk})
        absent = client.post("/digitization/files/999999999/type/", {"type": kind.pk})
        # a type of somebody else's catalogue on one's own file
        client.post(f"/digitization/files/{mine.source_id}/type/", {"type": foreign_kind.pk})
    assert hidden.status_code == absent.status_code == 404
    assert denials(room.operator) == before + 3


# --- counts and facets ------------------------------------------------------------------


def test_counts_and_filters_are_those_of_ones_own_rows() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    page = client.get("/tasks/").content.decode()
    assert two.theirs.unit.code not in page
    assert len(client.get("/api/v1/tasks/").json()["results"]) == 1
    for query in (f"unit={two.theirs.unit.code}", "light=red", "group=1", "week=1", "q=kín"):
        there = client.get(f"/tasks/?{query}").content.decode()
        assert "canaryxyz" not in there
        assert two.theirs.code not in there


def test_a_member_count_stops_at_ones_own_cell() -> None:
    cell = make_cell()
    make_member("Lê Mình", unit=cell)
    client = client_of(make_officer("cell_secretary", unit=cell))
    before = client.get("/records/members/", HTTP_HX_REQUEST="true").content
    for number in range(3):
        make_member(f"Lê Kín {'ABC'[number]}")
    assert client.get("/records/members/", HTTP_HX_REQUEST="true").content == before


# --- filter or sort on a hidden field ---------------------------------------------------


def restricted_reader() -> tuple[Client, Member, User]:
    """Somebody who sees members but none of their sensitive fields, and a member with them."""
    cell = make_cell()
    member = make_member("Lê Mình", unit=cell, religion="", ethnicity="54", sensitivity=1)
    user = make_user(unit=cell)
    grant_role(user, "cell_secretary", cell, max_sensitivity=1)
    return client_of(user), member, user


@pytest.mark.parametrize(
    "query",
    [
        "ethnicity=54",
        "ethnicity__startswith=5",
        "person__ethnicity=54",
        "ordering=ethnicity",
        "ordering=person__religion",
        "order_by=-personal_id",
        "sort=personal_id",
        "left_date__gt=2020",
        "fields=ethnicity",
        "expand=person",
        "format=api",
        "search=54",
    ],
)
def test_what_one_may_not_read_neither_filters_nor_sorts(query: str) -> None:
    """Either refused, or the very answer that one gets without it."""
    client, member, _user = restricted_reader()
    for address in ("/api/v1/members/", f"/api/v1/members/{member.pk}/", "/records/members/"):
        plain = client.get(address)
        asked = client.get(f"{address}?{query}")
        assert asked.status_code in (200, 400, 404), address
        if address.startswith("/api/"):
            if asked.status_code == 200:
                assert asked.json() == plain.json()
            assert '"54"' not in asked.content.decode()


def test_a_number_one_may_not_read_finds_nobody() -> None:
    cell = make_cell()
    member = make_member("Lê Mình", unit=cell, personal_id="001084000123")
    user = make_user(unit=cell)
    grant_role(user, "cell_secretary", cell, max_sensitivity=1)
    client = client_of(user)
    for address in ("/records/members/", "/api/v1/members/"):
        answer = client.get(address, {"q": "001084000123"})
        assert member.display_name not in answer.content.decode()


# --- pictures ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"HTTP_RANGE": "bytes=0-"},
        {"HTTP_RANGE": "bytes=0-0"},
        {"HTTP_RANGE": "bytes=-5"},
        {"HTTP_RANGE": "bytes=9999-"},
        {"HTTP_RANGE": "bytes=0-1,3-4"},
        {"HTTP_RANGE": "lines=1-2"},
        {"HTTP_IF_NONE_MATCH": "*"},
        {"HTTP_IF_MATCH": "*"},
        {"HTTP_IF_MODIFIED_SINCE": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"HTTP_IF_UNMODIFIED_SINCE": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"HTTP_IF_RANGE": '"x"', "HTTP_RANGE": "bytes=0-1"},
        {"HTTP_ACCEPT": "image/png", "HTTP_RANGE": "bytes=0-1"},
    ],
)
def test_a_picture_asked_for_in_parts_or_under_a_condition_stays_hidden(
    asked: dict[str, Any],
) -> None:
    room, mine, theirs = two_pages()
    with_picture(theirs)
    with_picture(mine)
    client = client_of(room.operator)
    for kind in ("image", "thumbnail"):
        for method in ("get", "head"):
            ask = getattr(client, method)
            hidden = ask(picture(client, theirs.pk, kind), **asked)
            absent = ask(picture(client, 999999999, kind), **asked)
            assert hidden.status_code == absent.status_code
            assert hidden.status_code in (404, 405)
            length = hidden.headers.get("Content-Length")
            assert length is None or abs(int(length) - int(absent.headers["Content-Length"])) < 40
            assert "ETag" not in hidden.headers
        own = client.get(picture(client, mine.pk, kind), **asked)
        assert own.status_code in (200, 206, 304, 416)
        assert own.headers["Cache-Control"] == "no-store, private"


def test_a_picture_of_a_page_raised_above_one_is_gone_at_once() -> None:
    room, mine, _theirs = two_pages()
    with_picture(mine)
    client = client_of(room.operator)
    address = picture(client, mine.pk, "thumbnail")
    assert client.get(address).status_code == 200
    Page.objects.filter(pk=mine.pk).update(sensitivity=2)
    room.operator.role_grants.update(max_sensitivity=1)
    assert client.get(address).status_code == 404


def test_what_a_lot_hides_is_in_none_of_its_numbers() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, 2, state="done")
    LotCounter.objects.filter(lot=room.lot).update(sent=1, received=1)
    client = client_of(room.operator)
    inner: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
    addresses = [f"/digitization/lots/{room.lot.pk}/", "/digitization/"]
    before = [client.get(one, **inner).content for one in addresses]
    hidden = make_dossier(room, code="HS-KIN")
    make_pages(hidden, 3, state="failed")
    Dossier.objects.filter(pk=hidden.pk).update(sensitivity=2)
    Lot.objects.filter(pk=room.lot.pk).update(sensitivity=1)
    room.operator.role_grants.update(max_sensitivity=1)
    assert [client.get(one, **inner).content for one in addresses] == before


def test_every_refusal_of_an_attack_is_on_the_trail_with_who_and_what() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    client.get(f"/tasks/{two.theirs.pk}/")
    client.post(f"/tasks/{two.theirs.pk}/report/", {"percent": 1})
    events = AuditEvent.objects.filter(
        actor_id=two.worker.pk, decision="denied", object_id=str(two.theirs.pk)
    )
    assert events.count() == 2
    assert all(event.session and event.address and event.request for event in events)


def test_nobody_accepts_a_lot_whose_whole_he_may_not_see() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, state="done")
    give_index(room, dossier)
    Dossier.objects.filter(pk=dossier.pk).update(sensitivity=2)
    room.inspector.role_grants.update(max_sensitivity=1)
    client = client_of(room.inspector)
    with Unchanged():
        answer = client.post(f"/digitization/lots/{room.lot.pk}/accept/", follow=True)
    assert "Chỉ người được xem mọi thứ" in answer.content.decode()
    room.inspector.role_grants.update(max_sensitivity=2)
    client.post(f"/digitization/lots/{room.lot.pk}/accept/")
    assert Lot.objects.get(pk=room.lot.pk).state == "accepted"
