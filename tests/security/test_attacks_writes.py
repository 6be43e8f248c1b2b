"""Attacks on who may change what: forged foreign keys, more fields than offered, one's own role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from records.models import Member
from security.models import RoleGrant, User
from tests.campaign.make import make_draft, office_of, submit
from tests.digitization.make import make_room
from tests.records.make import make_member
from tests.security.attacks import Unchanged, client_of, two_tasks
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


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
    fields = {
        "grade": "B",
        "note": "Làm lại",
        "remediate_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
        "remediate_by": two.theirs.owner_id,
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
