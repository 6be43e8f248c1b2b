"""Pages of people: what their forms take, what they never set, what their lists hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from security.levels import Secrecy
from security.models import AuditEvent, Invitation, User
from tests.security.make import make_officer, make_unit, make_user
from tests.security.people import NEW, PEOPLE, enter, page_of

pytestmark = pytest.mark.django_db


# --- pages ------------------------------------------------------------------------------


def test_a_person_is_added_by_form_and_the_link_is_in_that_answer_only() -> None:
    admin = make_officer("administrator")
    client = enter(admin)
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": admin.unit.code}
    shown = client.post(NEW, said)
    assert shown.status_code == 200
    found = re.search(r'id="invitation-link"[^>]*value="([^"]+)"', shown.content.decode())
    assert found is not None
    person = User.objects.get(username="bay")
    assert Client().get(found[1]).status_code in {200, 302}
    for address in (page_of("person", person), PEOPLE, NEW):
        assert found[1] not in client.get(address).content.decode()
    again = client.post(NEW, said)
    assert again.status_code == 422
    assert User.objects.filter(username="bay").count() == 1
    assert found[1].rstrip("/").rsplit("/", 1)[-1] not in str(
        list(AuditEvent.objects.values_list("reason", "object_id"))
    )


def test_no_form_sets_flags_clearance_or_password() -> None:
    admin = make_officer("administrator")
    client = enter(admin)
    forged: dict[str, Any] = {
        "is_staff": "on",
        "is_superuser": "on",
        "clearance": 3,
        "password": "a long enough phrase",
        "is_active": "",
        "groups": 1,
        "id": admin.pk,
        "pk": admin.pk,
    }
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": admin.unit.code}
    assert client.post(NEW, said | forged).status_code == 200
    person = User.objects.get(username="bay")
    edited = client.post(page_of("person_edit", person), said | forged | {"username": "khac"})
    assert edited.status_code == 302
    person.refresh_from_db()
    assert (person.is_staff, person.is_superuser, person.is_active) == (False, False, True)
    assert (person.clearance, person.username) == (Secrecy.INTERNAL, "bay")
    assert not person.has_usable_password()
    assert User.objects.get(pk=admin.pk).full_name == admin.full_name


def test_a_unit_is_named_by_code_or_chosen_among_those_that_fit() -> None:
    admin = make_officer("administrator")
    one = make_unit(parent=admin.unit, code="TC1", name="Vụ Tổ chức Một")
    make_unit(parent=admin.unit, code="TC2", name="Vụ Tổ chức Hai")
    make_unit(code="TC3", name="Vụ Tổ chức Ba")  # out of reach
    client = enter(admin)
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": "vu to chuc"}
    several = client.post(NEW, said)
    assert several.status_code == 422
    page = several.content.decode()
    assert 'value="TC1"' in page
    assert 'value="TC2"' in page
    assert "TC3" not in page
    assert client.post(NEW, said | {"unit": "TC3"}).status_code == 422
    assert client.post(NEW, said | {"unit_pick": "TC3"}).status_code == 422
    assert client.post(NEW, said | {"unit_pick": "TC1"}).status_code == 200
    assert User.objects.get(username="bay").unit == one


def test_suggestions_hold_only_what_the_reader_reaches() -> None:
    admin = make_officer("administrator")
    make_unit(parent=admin.unit, code="TC1", name="Vụ Tổ chức Một")
    make_unit(code="TC3", name="Vụ Tổ chức Ba")
    address = reverse("security:unit_search")
    asked = {"action": "security.manage_access", "name": "unit", "unit": "to chuc"}
    shown = enter(admin).get(address, asked).content.decode()
    assert "TC1" in shown
    assert "TC3" not in shown
    assert "TC1" in enter(admin).get(address, {"q": "tc1"}).content.decode()
    for odd in ({"action": "records.view"}, {"name": '"><script>'}, {"name": "Q" * 99}):
        assert enter(admin).get(address, asked | odd).status_code == 404
    assert enter(make_officer("member")).get(address, asked).status_code == 404
    reviewer = enter(make_officer("unit_head")).get(address, asked)
    assert "TC1" not in reviewer.content.decode()


def test_the_list_is_filtered_by_unit_and_by_what_is_missing() -> None:
    admin = make_officer("administrator")
    below = make_unit(parent=admin.unit, code="DUOI", name="Phòng Dưới")
    with_role = make_officer("unit_staff", unit=below, full_name="Có Vai Trò")
    without = make_user(unit=below, full_name="Chưa Vai Trò")
    closed = make_user(unit=admin.unit, full_name="Đã Khóa", is_active=False)
    client = enter(admin)

    def shown(**asked: str) -> set[str]:
        page = client.get(PEOPLE, asked).context["page"]
        return {one.full_name for one in page.people}

    assert shown(unit="phong duoi") == {with_role.full_name, without.full_name}
    assert shown(unit="DUOI", state="roleless") == {without.full_name}
    assert shown(state="closed") == {closed.full_name}
    assert shown(q="chua vai") == {without.full_name}
    assert shown(unit="khong co") == set()
    assert shown(state="; DROP", page="-1")
    assert shown(page="0")
    assert shown(page="99999") == set()


@pytest.mark.parametrize(
    "name",
    ["person_disable", "person_enable", "person_link", "person_reset_mfa", "person_end_sessions"],
)
def test_acts_want_a_post_an_administrator_and_a_person_of_his(name: str) -> None:
    admin = make_officer("administrator")
    person, stranger = make_user(unit=admin.unit), make_user()
    said = {"reason": "x"}
    assert enter(admin).get(page_of(name, person)).status_code == 405
    assert enter(admin).post(page_of(name, stranger), said).status_code == 404
    assert (
        enter(make_officer("security_officer")).post(page_of(name, person), said).status_code == 404
    )
    assert AuditEvent.objects.filter(decision="denied").count() == 2
    assert not Invitation.objects.exists()


def test_an_act_without_a_reason_changes_nothing() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    client = enter(admin)
    client.post(page_of("person_disable", person), {"reason": " "})
    assert User.objects.get(pk=person.pk).is_active
    client.post(page_of("person_disable", person), {"reason": "Nghỉ việc"})
    assert not User.objects.get(pk=person.pk).is_active
    client.post(page_of("person_enable", person), {"reason": "Trở lại"})
    assert User.objects.get(pk=person.pk).is_active


def test_a_clearance_is_set_on_its_own_page_by_an_officer() -> None:
    officer = make_officer("security_officer")
    person = make_user(unit=officer.unit)
    client = enter(officer)
    assert person.full_name in client.get(reverse("security:clearances")).content.decode()
    address = page_of("person_clearance", person)
    assert client.post(address, {"clearance": 2, "reason": "x"}).status_code == 422
    assert client.post(address, {"clearance": 0, "reason": ""}).status_code == 422
    assert client.post(address, {"clearance": 0, "reason": "QĐ 9"}).status_code == 302
    assert User.objects.get(pk=person.pk).clearance == 0
    assert client.get(page_of("person_clearance", make_user())).status_code == 404
    assert enter(make_officer("administrator")).get(address).status_code == 404
