"""One record opened to a person or a unit for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from records.models import Member, MemberUnitGrant, MemberUserGrant
from records.services import grant_own_record
from security.models import AuditEvent, Unit, User
from security.services import RefusedError, end_share, share_row
from tests.campaign.make import make_campaign, make_task
from tests.records.make import make_cadre, make_cell, make_member
from tests.security.make import grant_role, make_classified, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


@dataclass
class Room:
    """A keeper with a member of his cell, and a secretary of another cell who may receive it."""

    root: Unit
    cell: Unit
    keeper: User
    secretary: User
    member: Member

    @property
    def now(self) -> datetime:
        return timezone.now()

    def share(self, to: User | Unit | None = None, *, days: float = 7, **terms: Any) -> Any:
        said = {"actor": self.keeper, "row": self.member, "reason": "Thẩm tra", **terms}
        now = self.now
        return share_row(to=to or self.secretary, until=now + timedelta(days=days), now=now, **said)


@pytest.fixture
def room() -> Room:
    root = make_unit()
    cell = make_cell(parent=root)
    other = make_cell(parent=root, name="Chi bộ Bạn")
    return Room(
        root,
        cell,
        make_officer("keeper", unit=cell),
        make_officer("cell_secretary", unit=other, full_name="Bùi Thư Ký"),
        make_member(unit=cell),
    )


def sees(user: User, row: Any) -> bool:
    user._scopes = None
    return bool(type(row).objects.visible_to(user).filter(pk=row.pk).exists())


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def refusal(room: Room, *args: Any, **terms: Any) -> set[str]:
    with pytest.raises(RefusedError) as caught:
        room.share(*args, **terms)
    assert not MemberUserGrant.objects.exists()
    assert not MemberUnitGrant.objects.exists()
    assert not AuditEvent.objects.filter(action="row.shared").exists()
    return {problem.code for problem in caught.value.problems}


def test_a_record_is_open_to_a_person_until_the_end(room: Room) -> None:
    assert not sees(room.secretary, room.member)
    grant = room.share()
    assert sees(room.secretary, room.member)
    event = AuditEvent.objects.get(action="row.shared")
    assert event.object_id == str(room.member.pk)
    assert f"user {room.secretary.pk} until" in event.reason
    page = client_of(room.secretary).get("/access/opened/").content.decode()
    assert f"/records/members/{room.member.pk}/" in page
    end_share(actor=room.keeper, row=room.member, grant=grant, reason="Xong", now=timezone.now())
    assert not sees(room.secretary, room.member)
    assert AuditEvent.objects.filter(action="row.share_ended").count() == 1


def test_it_expires_in_the_middle_of_a_session(room: Room) -> None:
    grant = room.share()
    client, url = client_of(room.secretary), f"/records/members/{room.member.pk}/"
    assert client.get(url).status_code == 200
    past = timezone.now() - timedelta(days=2)
    MemberUserGrant.objects.filter(pk=grant.pk).update(
        valid_from=past, valid_to=past + timedelta(days=1)
    )
    assert client.get(url).status_code == 404
    assert url not in client.get("/access/opened/").content.decode()
    assert AuditEvent.objects.filter(action="read", decision="denied").count() == 1


def test_a_unit_means_the_people_of_exactly_that_unit(room: Room) -> None:
    unit = room.secretary.unit
    below = make_officer("cell_secretary", unit=make_cell(parent=unit))
    staff = make_officer("unit_staff", unit=unit)
    room.share(unit)
    assert sees(room.secretary, room.member)
    assert not sees(below, room.member)
    assert not sees(staff, room.member)


def test_an_ended_share_begins_anew_and_one_in_force_gets_the_new_end(room: Room) -> None:
    first = room.share(days=3)
    later = room.share(days=10)
    assert later.pk == first.pk
    assert later.valid_from == first.valid_from
    assert later.valid_to > first.valid_to
    end_share(actor=room.keeper, row=room.member, grant=later, reason="Xong", now=room.now)
    again = room.share(days=1)
    assert again.pk == first.pk
    assert again.valid_from > first.valid_from
    assert sees(room.secretary, room.member)


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_the_end_lies_within_ninety_days(room: Room, days: float) -> None:
    assert refusal(room, days=days) == {"dates"}


def test_ninety_days_are_within(room: Room) -> None:
    assert room.share(days=90).pk


def test_a_reason_is_needed(room: Room) -> None:
    assert refusal(room, reason="  ") == {"reason"}


def test_nobody_shares_with_himself(room: Room) -> None:
    assert refusal(room, room.keeper) == {"own_role"}


def test_whoever_lacks_the_action_over_the_row_is_refused(room: Room) -> None:
    assert refusal(room, actor=room.secretary) == {"not_allowed"}
    elsewhere = make_officer("keeper", unit=make_cell(parent=room.root))
    assert refusal(room, actor=elsewhere) == {"not_allowed"}


def test_the_receivers_clearance_must_cover_the_row(room: Room, settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    keeper = make_user(unit=room.cell, clearance=2)
    grant_role(keeper, "keeper", max_level=2)
    make_classified(room.member, 2)
    make_classified(room.member.person, 2)
    grant_role(room.secretary, "cell_secretary", max_level=2)
    assert refusal(room, actor=keeper) == {"clearance"}


def test_the_receiver_must_have_a_role_for_such_rows(room: Room) -> None:
    staff = make_officer("unit_staff", unit=room.root)
    assert refusal(room, staff) == {"no_role"}
    narrow = make_user(unit=room.root)
    grant_role(narrow, "cell_secretary", max_sensitivity=0)
    assert refusal(room, narrow) == {"no_role"}
    own = make_officer("member", unit=room.root)
    assert refusal(room, own) == {"no_role"}


def test_a_closed_account_and_a_dissolved_or_empty_unit_receive_nothing(room: Room) -> None:
    room.secretary.is_active = False
    room.secretary.save()
    assert refusal(room) == {"disabled"}
    assert refusal(room, make_unit(parent=room.root)) == {"no_role"}
    gone = make_unit(parent=room.root, dissolved_on=timezone.localdate())
    assert refusal(room, gone) == {"dissolved"}


def test_a_share_never_shows_more_than_the_receivers_role(room: Room) -> None:
    """His role ends: the share shows nothing any more, although its end is not reached."""
    room.share()
    room.secretary.role_grants.update(valid_to=timezone.now())
    assert not sees(room.secretary, room.member)


def test_a_share_is_not_ones_own_record(room: Room) -> None:
    grant_role(room.secretary, "member")
    room.share()
    page = client_of(room.secretary).get("/records/me/")
    assert page.status_code == 200
    assert str(room.member.pk) not in page.headers.get("Location", "")


def test_ones_own_record_is_neither_shared_nor_closed(room: Room) -> None:
    grant_role(room.secretary, "member")
    grant = grant_own_record(
        actor=None, now=room.now, member=room.member, user=room.secretary, reason="Của mình"
    )
    with pytest.raises(RefusedError):
        room.share()
    with pytest.raises(RefusedError):
        end_share(actor=room.keeper, row=room.member, grant=grant, reason="x", now=room.now)
    grant.refresh_from_db()
    assert grant.valid_to is None


def test_a_cadre_is_opened_to_people_and_a_task_to_nobody(room: Room) -> None:
    cadre = make_cadre(unit=room.cell)
    room.share(row=cadre)
    assert sees(room.secretary, cadre)
    with pytest.raises(RefusedError) as caught:
        room.share(room.secretary.unit, row=cadre)
    assert {problem.code for problem in caught.value.problems} == {"kind"}
    task = make_task(campaign=make_campaign(unit=room.cell), unit=room.cell)
    grant_role(room.keeper, "unit_head")
    with pytest.raises(RefusedError) as caught:
        room.share(row=task)
    assert {problem.code for problem in caught.value.problems} == {"kind"}


# --- the screen ---------------------------------------------------------------------------


def test_the_keeper_opens_and_closes_on_the_page(room: Room) -> None:
    client = client_of(room.keeper)
    url = f"/access/who/records.member/{room.member.pk}/"
    assert client.get(url).status_code == 200
    until = (timezone.localdate() + timedelta(days=5)).isoformat()
    sent = {"person": room.secretary.username, "until": until, "reason": "Thẩm tra"}
    assert client.post(url, {**sent, "until": ""}).status_code == 422
    assert client.post(url, {**sent, "unit": room.secretary.unit.code}).status_code == 422
    assert client.post(url, {**sent, "person": ""}).status_code == 422
    assert not MemberUserGrant.objects.exists()
    assert client.post(url, sent).status_code == 302
    grant = MemberUserGrant.objects.get()
    assert "Bùi Thư Ký" in client.get(url).content.decode()
    end = f"{url}shares/person/{grant.pk}/end/"
    client.post(end, {"reason": ""})
    assert MemberUserGrant.objects.filter(valid_to__gt=timezone.now()).exists()
    client.post(end, {"reason": "Xong"})
    assert not MemberUserGrant.objects.filter(valid_to__gt=timezone.now()).exists()


def test_a_share_of_another_row_is_not_closed_through_this_one(room: Room) -> None:
    grant = room.share()
    other = make_member(unit=room.cell)
    client = client_of(room.keeper)
    for holder in ("person", "unit", "nobody"):
        url = f"/access/who/records.member/{other.pk}/shares/{holder}/{grant.pk}/end/"
        assert client.post(url, {"reason": "x"}).status_code == 404
    grant.refresh_from_db()
    assert grant.valid_to > timezone.now()


def test_an_officer_explains_but_does_not_share(room: Room) -> None:
    officer = make_officer("security_officer", unit=room.root)
    client = client_of(officer)
    url = f"/access/who/records.member/{room.member.pk}/"
    text = client.get(url).content.decode()
    assert 'id="share"' not in text
    assert client.post(url, {"person": room.secretary.username}).status_code == 404
    assert AuditEvent.objects.filter(action="security.share_row", decision="denied").count() == 1
    assert client.get("/access/who/receivers/?person=bui").status_code == 404
