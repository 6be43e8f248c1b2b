"""The pages of administrators and security officers: within their units, and on the trail."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security import audit
from security.models import AuditEvent, RoleGrant, StoredFile, User
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
PEOPLE, TRAIL = reverse("security:people"), reverse("security:trail")


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(person: User) -> str:
    return reverse("security:person", args=[person.pk])


def wish(person: User, role: str = "keeper") -> dict[str, object]:
    return {
        "role": role,
        "unit": person.unit.code,
        "max_level": 1,
        "max_sensitivity": 1,
        "reason": "QĐ 5",
    }


def test_an_administrator_sees_the_people_of_his_units_and_the_list_is_written_down() -> None:
    admin = make_officer("administrator")
    mine, other = make_user(unit=admin.unit), make_user(full_name="Người đơn vị khác")
    shown = enter(admin).get(PEOPLE, {"q": mine.full_name})
    assert mine.full_name in shown.content.decode()
    line = AuditEvent.objects.get(action="search")
    assert line.object_ids == [mine.pk]
    assert mine.full_name not in line.reason
    assert other.full_name not in enter(admin).get(PEOPLE).content.decode()


def test_a_foreign_person_answers_like_an_absent_one_and_both_are_denials() -> None:
    client, other = enter(make_officer("administrator")), make_user()
    for path in (page_of(other), reverse("security:person", args=[10**9])):
        assert client.get(path).status_code == 404
    assert client.post(page_of(other), wish(other)).status_code == 404
    assert AuditEvent.objects.filter(action="read", decision="denied").count() == 3
    assert not RoleGrant.objects.filter(user=other).exists()


def test_a_role_is_given_and_ended_with_a_reason() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    client = enter(admin)
    assert client.post(page_of(person), {**wish(person), "reason": ""}).status_code == 422
    assert client.post(page_of(person), wish(person)).status_code == 302
    grant = person.role_grants.get()
    end = reverse("security:grant_end", args=[person.pk, grant.pk])
    client.post(end, {"reason": ""})
    assert person.role_grants.in_force(timezone.now()).exists()
    client.post(end, {"reason": "Thôi việc"})
    assert not person.role_grants.in_force(timezone.now()).exists()


def test_nothing_above_or_beside_ones_unit_can_be_posted() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    person = make_user(unit=admin.unit)
    client = enter(admin)
    forgeries: list[dict[str, object]] = [
        {"unit": root.code},
        {"unit": make_unit(parent=root).code},
        {"max_level": 2},
        {"max_level": 4},
        {"role": "superuser"},
    ]
    for forged in forgeries:
        assert client.post(page_of(person), {**wish(person), **forged}).status_code == 422
    assert client.post(page_of(admin), wish(admin, "head")).status_code == 422
    assert not person.role_grants.exists()
    assert list(admin.role_grants.values_list("role", flat=True)) == ["administrator"]


def test_only_a_grant_of_that_very_person_is_ended() -> None:
    admin = make_officer("administrator")
    person, other = make_user(unit=admin.unit), make_user(unit=admin.unit)
    grant = grant_role(other, "keeper")
    end = reverse("security:grant_end", args=[person.pk, grant.pk])
    assert enter(admin).post(end, {"reason": "x"}).status_code == 404
    assert other.role_grants.in_force(timezone.now()).exists()


@pytest.mark.parametrize("role", ["head", "office", "keeper", "operator", "member"])
def test_others_find_neither_people_nor_trail(role: str) -> None:
    client = enter(make_officer(role))
    assert client.get(PEOPLE).status_code == client.get(TRAIL).status_code == 404


def test_an_officer_of_a_branch_reads_the_trail_of_its_people_and_rows_alone() -> None:
    root = make_unit()
    branch, other = make_unit(parent=root), make_unit(parent=root)
    officer = make_officer("security_officer", unit=branch)
    near, far = make_user(unit=branch), make_user(unit=other)
    file = StoredFile.objects.create(
        **branch.placement, created_at=timezone.now(), sha256="0" * 64, blob="b", size=1
    )
    audit.record("test.near", actor=near)
    audit.record("test.far", actor=far)
    audit.record("test.visit", actor=far, row=file)
    audit.record("test.nobody", actor=None)
    shown = enter(officer).get(TRAIL).content.decode()
    assert "test.near" in shown
    assert "test.visit" in shown
    assert "test.far" not in shown
    assert "test.nobody" not in shown
    whole = enter(make_officer("security_officer", unit=root)).get(TRAIL).content.decode()
    assert "test.far" in whole
    assert "test.nobody" in whole


def test_the_trail_is_read_by_its_officer_and_that_is_on_the_trail() -> None:
    officer = make_officer("security_officer")
    client = enter(officer)
    assert client.get(TRAIL, {"action": "trail"}).status_code == 200
    assert AuditEvent.objects.filter(action="trail.read", actor_id=officer.pk).count() == 1
    assert client.get(PEOPLE).status_code == 404


@pytest.mark.parametrize("odd", ["%%%", "' OR 1=1 --", "9" * 60, "²"])
def test_odd_questions_are_answered(odd: str) -> None:
    assert enter(make_officer("administrator")).get(PEOPLE, {"q": odd}).status_code == 200
    asked = {"who": odd, "action": odd, "before": odd}
    assert enter(make_officer("security_officer")).get(TRAIL, asked).status_code == 200
