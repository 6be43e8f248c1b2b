"""Who can see this record, what can this person see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from records.models import Member, MemberUserGrant
from security.explain import what_can_see, who_can_see
from security.models import AuditEvent, RoleGrant, Unit, User
from security.services import open_emergency, share_row
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.records.make import make_cell, make_member
from tests.security.make import grant_role, make_classified, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def reasons_of(row: Any, user: User) -> list[str]:
    with translation.override("en"):
        seers = who_can_see(row, timezone.now())
    return [reason.text for seer in seers if seer.user == user for reason in seer.reasons]


@pytest.fixture
def root() -> Unit:
    return make_unit(name="Ban")


@pytest.fixture
def member(root: Unit) -> Member:
    return make_member(unit=make_cell(parent=root, name="Chi bộ 1"))


def test_a_role_above_is_said_with_its_place_end_and_level(root: Unit, member: Member) -> None:
    user = make_user(unit=root)
    grant = grant_role(user, "keeper", root)
    end = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    RoleGrant.objects.filter(pk=grant.pk).update(valid_to=end + timedelta(days=2))
    day = (end + timedelta(days=1)).strftime("%d/%m/%Y")
    assert reasons_of(member, user) == [
        f"Record keeper on Ban (above this unit), until {day}, up to internal"
    ]


def test_a_role_on_the_unit_itself_is_not_called_above(member: Member) -> None:
    secretary = make_officer("cell_secretary", unit=member.unit)
    assert reasons_of(member, secretary) == ["Party-cell secretary on Chi bộ 1, up to internal"]


def test_shares_delegations_and_emergencies_are_named(root: Unit, member: Member) -> None:
    now = timezone.now()
    keeper = make_officer("keeper", unit=member.unit, full_name="Người Giữ")
    other = make_officer("cell_secretary", unit=make_cell(parent=root))
    share_row(
        actor=keeper,
        row=member,
        to=other,
        until=now + timedelta(days=2),
        reason="Thẩm tra",
        now=now,
    )
    assert reasons_of(member, other)[0].startswith("opened to this person by Người Giữ until ")
    assert reasons_of(member, other)[0].endswith("because “Thẩm tra”")
    stand_in = make_user(unit=root)
    RoleGrant.objects.create(
        user=stand_in,
        role_id="keeper",
        unit=member.unit,
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=1),
        max_level=1,
        max_sensitivity=2,
        delegated_from=keeper.role_grants.get(),
    )
    assert "passed on by Người Giữ" in reasons_of(member, stand_in)[0]
    head = make_officer("unit_head", unit=make_unit(parent=root))
    open_emergency(
        actor=head,
        unit=member.unit,
        action="records.view",
        reason="Cháy kho hồ sơ giấy của đơn vị",
        hours=1,
        now=now,
    )
    assert reasons_of(member, head)[0].startswith("Emergency access to Chi bộ 1 until ")


def test_whoever_lacks_it_is_not_listed(root: Unit, member: Member) -> None:
    make_officer("operator", unit=member.unit)
    make_officer("keeper", unit=make_unit(parent=root))
    closed = make_officer("keeper", unit=member.unit)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    assert who_can_see(member, timezone.now()) == []


def test_a_child_is_explained_with_what_it_lies_in() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    with translation.override("en"):
        seers = {seer.user: seer for seer in who_can_see(page, timezone.now())}
    assert seers.keys() == {room.keeper, room.operator, room.inspector}
    assert {str(reason.part) for reason in seers[room.keeper].reasons} == {"", "Dossier", "Lot"}
    make_classified(room.lot, 2)
    page.refresh_from_db()
    assert who_can_see(type(page).objects.get(pk=page.pk), timezone.now()) == []


def test_the_queries_do_not_grow_with_the_people(root: Unit, member: Member) -> None:
    make_officer("keeper", unit=root)
    with CaptureQueriesContext(connection) as few:
        who_can_see(Member.objects.get(pk=member.pk), timezone.now())
    for _number in range(20):
        make_officer("cell_secretary", unit=member.unit)
    with CaptureQueriesContext(connection) as many:
        assert len(who_can_see(Member.objects.get(pk=member.pk), timezone.now())) == 21
    assert len(many) == len(few) <= 11


# --- whose access is explained to whom -----------------------------------------------------


def test_the_page_tells_code_kind_unit_and_level_and_nothing_else(
    root: Unit, member: Member
) -> None:
    officer = make_officer("security_officer", unit=root)
    client = client_of(officer)
    url = f"/access/who/records.member/{member.pk}/"
    text = client.get(url).content.decode()
    assert "Chi bộ 1" in text
    assert member.person.full_name not in text
    assert member.profile_number not in text
    assert f"/records/members/{member.pk}/" not in text
    event = AuditEvent.objects.get(action="access.explained")
    assert (event.actor_id, event.object_id) == (officer.pk, str(member.pk))


@pytest.mark.parametrize(
    ("role", "at", "status"),
    [
        ("security_officer", "root", 200),
        ("administrator", "cell", 200),
        ("keeper", "cell", 200),
        ("security_officer", "sister", 404),
        ("keeper", "sister", 404),
        ("unit_head", "root", 404),
        ("cell_secretary", "cell", 404),
    ],
)
def test_only_within_the_reach_of_such_a_role(
    root: Unit, member: Member, role: str, at: str, status: int
) -> None:
    places = {"root": root, "cell": member.unit, "sister": make_cell(parent=root)}
    user = make_officer(role, unit=places[at])
    url = f"/access/who/records.member/{member.pk}/"
    assert client_of(user).get(url).status_code == status
    denied = AuditEvent.objects.filter(decision="denied", actor_id=user.pk)
    assert denied.exists() is (status == 404)


def test_a_keeper_is_told_only_of_rows_that_he_sees(root: Unit, member: Member) -> None:
    user = make_user(unit=root)
    grant_role(user, "keeper", root, max_sensitivity=0)
    assert client_of(user).get(f"/access/who/records.member/{member.pk}/").status_code == 404


def test_nobody_is_told_of_rows_above_his_level(root: Unit, member: Member) -> None:
    make_classified(member, 2)
    make_classified(member.person, 2)
    officer = make_officer("security_officer", unit=root)
    assert client_of(officer).get(f"/access/who/records.member/{member.pk}/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "records.member/0",
        "records.member/99999999999999999999",
        "records.nothing/1",
        "security.user/1",
        "auth.permission/1",
    ],
)
def test_unknown_kinds_and_numbers_answer_like_hidden_rows(root: Unit, address: str) -> None:
    officer = make_officer("security_officer", unit=root)
    assert client_of(officer).get(f"/access/who/{address}/").status_code == 404


def test_the_list_is_paged(root: Unit, member: Member) -> None:
    for number in range(101):
        make_officer("cell_secretary", unit=member.unit, full_name=f"Người {number:03}")
    client = client_of(make_officer("security_officer", unit=root))
    url = f"/access/who/records.member/{member.pk}/"
    first, second = (client.get(f"{url}?page={n}").content.decode() for n in (1, 2))
    assert "Người 099" in first
    assert "Người 100" not in first
    assert "Người 100" in second


def test_the_link_stands_only_where_one_may_ask(root: Unit, member: Member) -> None:
    url = f"/records/members/{member.pk}/"
    link = f"/access/who/records.member/{member.pk}/"
    keeper = make_officer("keeper", unit=member.unit)
    assert link in client_of(keeper).get(url).content.decode()
    secretary = make_officer("cell_secretary", unit=member.unit)
    assert link not in client_of(secretary).get(url).content.decode()


# --- what one person sees -------------------------------------------------------------------


def test_a_person_is_explained_scope_by_scope(root: Unit, member: Member) -> None:
    secretary = make_officer("cell_secretary", unit=member.unit)
    officer = make_officer("security_officer", unit=root)
    sight = what_can_see(secretary, timezone.now(), asker=officer)
    counts = {count.kind: count.number for count in sight.held[0].counts or ()}
    assert counts == {str(Member.kind_name): "1"}
    text = client_of(officer).get(f"/access/people/{secretary.pk}/sees/").content.decode()
    assert "Chi bộ 1" in text
    assert AuditEvent.objects.filter(action="access.person_explained").count() == 1


def test_counts_beyond_the_askers_reach_are_not_told(root: Unit, member: Member) -> None:
    here = make_cell(parent=root)
    secretary = make_officer("cell_secretary", unit=here)
    grant_role(secretary, "cell_secretary", member.unit)
    other = make_member(unit=make_cell(parent=root))
    sharer = make_officer("keeper", unit=other.unit)
    now = timezone.now()
    share_row(
        actor=sharer, row=other, to=secretary, until=now + timedelta(days=1), reason="x", now=now
    )
    keeper = make_officer("keeper", unit=here)
    sight = what_can_see(secretary, timezone.now(), asker=keeper)
    told = {one.unit: one.counts is not None for one in sight.held}
    assert told == {here.name: True, member.unit.name: False}
    assert (sight.opened, sight.opened_beyond) == ([], 1)
    officer = make_officer("security_officer", unit=root)
    sight = what_can_see(secretary, timezone.now(), asker=officer)
    assert ([one.row for one in sight.opened], sight.opened_beyond) == ([other], 0)


def test_a_person_of_another_reach_answers_like_nobody(root: Unit) -> None:
    stranger = make_officer("keeper")
    officer = make_officer("security_officer", unit=root)
    client = client_of(officer)
    for pk in (stranger.pk, 0, 10**20):
        assert client.get(f"/access/people/{pk}/sees/").status_code == 404
    assert AuditEvent.objects.filter(decision="denied", actor_id=officer.pk).count() == 3


def test_people_of_the_reach_are_found(root: Unit) -> None:
    near = make_user(unit=make_unit(parent=root), full_name="Phạm Gần")
    far = make_user(full_name="Phạm Xa")
    client = client_of(make_officer("security_officer", unit=root))
    text = client.get("/access/sees/?q=pham").content.decode()
    assert near.full_name in text
    assert far.full_name not in text


def test_a_grant_that_no_role_carries_is_no_reason(root: Unit, member: Member) -> None:
    staff = make_officer("unit_staff", unit=root)
    keeper = make_officer("cell_secretary", unit=make_cell(parent=root))
    now = timezone.now()
    giver = make_officer("keeper", unit=member.unit)
    share_row(
        actor=giver, row=member, to=keeper, until=now + timedelta(days=1), reason="x", now=now
    )
    MemberUserGrant.objects.update(user=staff)
    assert reasons_of(member, staff) == []
    assert what_can_see(staff, timezone.now(), asker=giver).opened_beyond == 0
