"""Attacks on who may see and do what: guessed ids, forged foreign keys, rights that end in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaign.models import Task, TaskUserGrant
from digitization.models import DocumentType, Dossier, IndexValue, Lot, LotCounter, Page
from records.models import CadreUserGrant, Member, MemberUserGrant
from security import files
from security.models import AuditEvent, RoleGrant, User
from tests.campaign.make import make_draft, office_of, submit
from tests.digitization.make import give_index, make_dossier, make_pages, make_room
from tests.records.make import make_cadre, make_cell, make_member
from tests.security.attacks import Unchanged, client_of, denials, two_pages, two_tasks
from tests.security.links import picture
from tests.security.make import grant_role, make_officer, make_unit, make_user
from tests.walk.rows import grant

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
        for data in ({f"p{foreign.pk}-statement": "x"}, {"statement": "x"}):
            address = f"/tasks/{two.mine.pk}/products/{foreign.pk}/submit/"
            assert client.post(address, data).status_code == 404
        address = f"/tasks/{two.mine.pk}/submissions/{handed_in.pk}/accept/"
        assert head.post(address, {f"a{foreign.pk}-grade": "A"}).status_code == 404
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


# --- foreign keys in a POST -------------------------------------------------------------


def test_a_draft_gets_no_owner_and_no_unit_beyond_the_actors_reach() -> None:
    draft = make_draft()
    office = make_user(unit=draft.unit)
    grant_role(office, "office", draft.unit)
    stranger = make_user()
    client = client_of(office)
    fields = {"responsibility": "Làm", "process": "Lập", "owner": stranger.pk}
    with Unchanged():
        answer = client.post(f"/tasks/{draft.pk}/complete/", fields)
    assert answer.status_code == 422
    assert stranger.full_name not in answer.content.decode()
    moved = {**fields, "owner": draft.owner_id, "unit": stranger.unit_id, "level": 0}
    client.post(f"/tasks/{draft.pk}/complete/", moved)
    draft.refresh_from_db()
    assert (draft.owner_id != stranger.pk, draft.unit_id != stranger.unit_id) == (True, True)
    assert draft.level == 1


def test_nobody_outside_becomes_operator_focal_person_or_head_of_a_lot() -> None:
    room = make_room()
    other = make_room()
    client = client_of(room.keeper)
    with Unchanged():
        client.post(f"/digitization/lots/{room.lot.pk}/assign/", {"operator": other.operator.pk})
        answer = client.post(
            f"/digitization/programmes/{room.programme.pk}/lots/",
            {"code": "X", "unit": other.unit.pk, "expected_pages": 1},
        )
        assert answer.status_code == 422
        answer = client.post(
            "/digitization/programmes/new/",
            {"code": "X", "title": "X", "kind": "member", "unit": other.unit.pk},
        )
        assert answer.status_code == 422
        answer = client.post(
            "/digitization/programmes/new/",
            {
                "code": "X",
                "title": "X",
                "kind": "member",
                "unit": room.unit.pk,
                "focal_person": other.keeper.pk,
            },
        )
        assert answer.status_code == 422


def test_a_remedy_is_not_put_on_somebody_elses_desk() -> None:
    two = two_tasks()
    handed_in = submit(two.mine, now=timezone.now())
    office = office_of(two.mine)
    name = f"a{handed_in.product_id}"
    fields = {
        f"{name}-grade": "B",
        f"{name}-remediate_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
        f"{name}-remediate_by": two.theirs.owner_id,
    }
    client = client_of(office)
    with Unchanged():
        answer = client.post(f"/tasks/{two.mine.pk}/submissions/{handed_in.pk}/accept/", fields)
    assert answer.status_code == 422


# --- mass assignment --------------------------------------------------------------------

RAISING: dict[str, Any] = {
    "level": 0,
    "sensitivity": 0,
    "clearance": 3,
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "on",
    "max_level": 3,
    "high": "",
    "approved_by": 1,
    "granted_by": 1,
    "token_actions": "records.view",
    "user_permissions": 1,
    "groups": 1,
    "password": "x",
    "created_at": "2020-01-01",
    "unit_path": "/1/",
    "version": 99,
}


def test_no_form_takes_more_than_it_offers() -> None:
    """Every field that would raise somebody or lower a row, put into forms that do succeed."""
    two = two_tasks()
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    stranger = make_unit()
    client = client_of(two.worker)
    raising = {**RAISING, "unit": stranger.pk, "unit_id": stranger.pk, "owner": two.worker.pk}
    before = (two.mine.level, two.mine.unit_id, two.mine.owner_id)
    answer = client.post(f"/tasks/{two.mine.pk}/report/", {"percent": "5", "note": "x", **raising})
    assert answer.status_code == 302
    two.mine.refresh_from_db()
    assert (two.mine.level, two.mine.unit_id, two.mine.owner_id) == before
    fields = {
        "edition": member.edition,
        "reason": "Sửa",
        "basis": "01",
        "full_name": member.person.full_name,
        "status": "chinh_thuc",
        **raising,
    }
    answer = client_of(keeper).post(f"/records/members/{member.pk}/edit/", fields)
    assert answer.status_code == 302
    row = Member.objects.get(pk=member.pk)
    assert (row.level, row.sensitivity, row.unit_id) == (
        member.level,
        member.sensitivity,
        member.unit_id,
    )


def test_administering_people_never_makes_a_superuser_or_raises_a_clearance() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    client = client_of(admin)
    fields = {"full_name": "Lê Khác", "unit": admin.unit.code, **RAISING}
    assert client.post(f"/access/people/{person.pk}/edit/", fields).status_code == 302
    new = {"full_name": "Lê Mới", "username": "le.moi", "unit": admin.unit.code, **RAISING}
    client.post("/access/people/new/", new)
    for user in (User.objects.get(pk=person.pk), User.objects.get(username="le.moi")):
        assert (user.is_staff, user.is_superuser, user.clearance) == (False, False, 1)


# --- own role ---------------------------------------------------------------------------


def test_nobody_gives_himself_a_role_or_ends_his_own_by_any_door() -> None:
    admin = make_officer("administrator")
    grant_of_mine = admin.role_grants.get()
    client = client_of(admin)
    terms = {
        "role": "keeper",
        "unit": admin.unit.code,
        "max_level": 1,
        "max_sensitivity": 2,
        "reason": "Cần",
    }
    with Unchanged():
        client.post(f"/access/people/{admin.pk}/", terms)
        client.post(f"/access/people/{admin.pk}/grants/{grant_of_mine.pk}/end/", {"reason": "Thôi"})
        client.post(f"/access/people/{admin.pk}/clearance/", {"clearance": 3, "reason": "x"})
        client.post(f"/access/people/{admin.pk}/disable/", {"reason": "x"})
    assert not RoleGrant.objects.filter(user=admin, role="keeper").exists()


def test_a_role_above_ones_own_place_cannot_be_given() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    person = make_user(unit=admin.unit)
    client = client_of(admin)
    other = make_unit()
    with Unchanged():
        for unit in (root.code, str(root.pk), other.code):
            answer = client.post(
                f"/access/people/{person.pk}/",
                {
                    "role": "operator",
                    "unit": unit,
                    "unit_pick": unit,
                    "max_level": 1,
                    "max_sensitivity": 1,
                    "reason": "Cần",
                },
            )
            assert answer.status_code == 422


# --- moving out of scope ----------------------------------------------------------------


def test_no_row_leaves_ones_scope_by_a_move() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    mine, other = make_unit(parent=admin.unit), make_unit(parent=root)
    client = client_of(admin)
    with Unchanged():
        for parent in (root.code, other.code):
            client.post(f"/access/units/{mine.pk}/move/", {"parent": parent, "reason": "x"})
            client.post(f"/access/units/{other.pk}/move/", {"parent": mine.code, "reason": "x"})


# --- pictures ---------------------------------------------------------------------------


def with_picture(page: Page) -> Page:
    blob = files.receive(
        [b"\xff\xd8\xff canaryxyz"], unit=page.unit, level=page.level, max_bytes=100
    ).blob
    Page.objects.filter(pk=page.pk).update(derivative=blob, thumbnail=blob)
    page.refresh_from_db()
    return page


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


# --- rights that end in between ---------------------------------------------------------


def test_a_link_is_nothing_after_signing_out() -> None:
    room, mine, _theirs = two_pages()
    with_picture(mine)
    client = client_of(room.operator)
    addresses = [picture(client, mine.pk), f"/digitization/pages/{mine.pk}/"]
    assert [client.get(one).status_code for one in addresses] == [200, 200]
    stolen = client.cookies["session"].value
    client.post("/accounts/logout/")
    later = Client()
    later.cookies["session"] = stolen
    for browser in (client, later, Client()):
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_grant_that_ends_closes_the_row_within_the_session() -> None:
    two = two_tasks()
    reader = make_user()
    for role in ("unit_staff", "cell_secretary"):
        grant_role(reader, role)
    opened = grant(
        TaskUserGrant, two.mine, user=reader, valid_to=timezone.now() + timedelta(hours=1)
    )
    member = make_member()
    grant(MemberUserGrant, member, user=reader, valid_to=opened.valid_to)
    cadre = make_cadre()
    grant(CadreUserGrant, cadre, user=reader, valid_to=opened.valid_to)
    client = client_of(reader)
    addresses = [
        f"/tasks/{two.mine.pk}/",
        f"/api/v1/tasks/{two.mine.pk}/",
        f"/records/members/{member.pk}/",
        f"/records/cadres/{cadre.pk}/",
    ]
    assert [client.get(one).status_code for one in addresses] == [200] * 4
    ended = {"valid_to": timezone.now() - timedelta(seconds=1)}
    TaskUserGrant.objects.update(**ended)
    MemberUserGrant.objects.update(**ended)
    CadreUserGrant.objects.update(**ended)
    before = denials(reader)
    assert [client.get(one).status_code for one in addresses] == [404] * 4
    assert denials(reader) == before + 4
    assert "canaryxyz" not in client.get("/tasks/").content.decode()


def test_a_role_that_ends_or_an_account_that_closes_ends_what_it_opened() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    address = f"/tasks/{two.mine.pk}/"
    assert client.get(address).status_code == 200
    two.worker.role_grants.update(valid_to=timezone.now() - timedelta(seconds=1))
    with Unchanged():
        assert client.get(address).status_code in (302, 404)
        posted = client.post(f"{address}report/", {"percent": "9", "note": "x"})
        assert posted.status_code in (302, 404)
    other = two_tasks()
    client = client_of(other.worker)
    assert client.get(f"/tasks/{other.mine.pk}/").status_code == 200
    User.objects.filter(pk=other.worker.pk).update(is_active=False)
    with Unchanged():
        assert client.get(f"/tasks/{other.mine.pk}/").status_code == 302
        posted = client.post(f"/tasks/{other.mine.pk}/report/", {"percent": "9", "note": "x"})
        assert posted.status_code == 302


# --- history of what is gone ------------------------------------------------------------


def test_the_history_of_a_hidden_or_deleted_row_is_hidden_with_it() -> None:
    """There is no address of a history but the row's own page."""
    keeper = make_officer("keeper")
    theirs = make_member("Trần Canaryxyz")
    client = client_of(keeper)
    pk = theirs.pk
    hidden = client.get(f"/records/members/{pk}/")
    theirs.delete()
    gone = client.get(f"/records/members/{pk}/")
    assert hidden.status_code == gone.status_code == 404
    assert Member.history.filter(id=pk).exists()
    for address in (f"/records/members/{pk}/history/", f"/admin/records/member/{pk}/history/"):
        answer = client.get(address)
        assert answer.status_code in (302, 404)
        assert "Canaryxyz" not in answer.content.decode()


def test_a_deleted_value_of_an_index_shows_to_those_alone_who_might_read_it() -> None:
    room = make_room()
    dossier = make_dossier(room)
    give_index(room, dossier)
    IndexValue.objects.filter(dossier=dossier, key="personal_id").delete()
    address = f"/digitization/dossiers/{dossier.pk}/"
    page = client_of(room.operator).get(address).content.decode()
    assert "bỏ “099084000123”" in page
    room.operator.role_grants.update(max_sensitivity=1)
    answer = client_of(room.operator).get(address)
    assert answer.status_code == 200
    assert "099084000123" not in answer.content.decode()


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
