"""One's own roles in the account: what one holds, passing one on, taking back, giving back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, RoleGrant, RoleRequest, User
from security.services import Terms, delegate_role
from tests.security.make import make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
MY_ROLES = reverse("security:my_roles")
DAY = timedelta(days=1)


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, url: str) -> str:
    response = enter(user).get(url)
    assert response.status_code == 200
    return response.content.decode()


def person_page(person: User) -> str:
    return reverse("security:person", args=[person.pk])


def withdrawal(request: RoleRequest) -> str:
    return reverse("security:request_withdraw", args=[request.pk])


def denials(user: User) -> int:
    return AuditEvent.objects.filter(actor_id=user.pk, decision="denied").count()


@pytest.fixture
def person() -> User:
    return make_user()


def delegation_form(grant: RoleGrant, receiver: User, **changed: object) -> dict[str, object]:
    return {
        "grant": grant.pk,
        "person": receiver.username,
        "valid_to": timezone.localdate() + 5 * DAY,
        "reason": "Nghỉ phép",
        **changed,
    }


def test_a_role_is_passed_on_and_taken_back_in_the_account(person: User) -> None:
    boss = make_officer("unit_head", unit=person.unit)
    form = delegation_form(boss.role_grants.get(), person)
    assert enter(boss).post(MY_ROLES, form).status_code == 302
    grant = person.role_grants.get()
    end = reverse("security:delegation_end", args=[grant.pk])
    assert end in page(boss, MY_ROLES)
    assert end in page(person, MY_ROLES)
    assert end not in page(make_user(unit=person.unit), MY_ROLES)
    assert enter(make_user(unit=person.unit)).post(end).status_code == 404
    assert person.role_grants.in_force(timezone.now()).exists()
    assert enter(person).post(end).status_code == 302
    assert not person.role_grants.in_force(timezone.now()).exists()
    assert end not in page(boss, MY_ROLES)


def test_a_leaders_high_role_waits_and_he_may_withdraw_it(person: User) -> None:
    head = make_officer("head", unit=person.unit)
    form = delegation_form(head.role_grants.get(), person)
    assert enter(head).post(MY_ROLES, form).status_code == 302
    request = RoleRequest.objects.get()
    assert request.delegated_from == head.role_grants.get()
    assert withdrawal(request) in page(head, MY_ROLES)
    assert withdrawal(request) not in page(person, MY_ROLES)
    answer = enter(head).post(withdrawal(request))
    assert answer.headers["Location"] == MY_ROLES
    request.refresh_from_db()
    assert request.decision == "withdrawn"


@pytest.mark.parametrize("role", ["unit_staff", "administrator", "member"])
def test_who_has_nothing_to_pass_on_gets_no_form(role: str) -> None:
    user = make_officer(role)
    assert 'name="grant"' not in page(user, MY_ROLES)
    other = make_user(unit=user.unit)
    before = denials(user)
    forged = delegation_form(user.role_grants.get(), other)
    assert enter(user).post(MY_ROLES, forged).status_code == 404
    assert enter(user).get(reverse("security:colleague_search")).status_code == 404
    assert denials(user) == before + 2
    assert not other.role_grants.exists()


def test_only_own_roles_and_people_of_the_organisation_can_be_posted(person: User) -> None:
    boss = make_officer("unit_head", unit=person.unit)
    foreign_grant = make_officer("unit_head").role_grants.get()
    client, own = enter(boss), boss.role_grants.get()
    forgeries = [
        delegation_form(foreign_grant, person),
        delegation_form(own, make_user()),
        delegation_form(own, boss),
        delegation_form(own, make_user(unit=person.unit, is_active=False)),
        delegation_form(own, person, valid_to=""),
        delegation_form(own, person, valid_to=timezone.localdate() + 90 * DAY),
        delegation_form(own, person, max_level=3),
    ]
    for forged in forgeries:
        assert client.post(MY_ROLES, forged).status_code == 422
    assert not RoleGrant.objects.exclude(delegated_from=None).exists()


def test_colleagues_are_found_without_accents_within_the_organisation(person: User) -> None:
    boss = make_officer("unit_head", unit=make_unit(parent=person.unit))
    found = make_user(unit=person.unit, full_name="Trần Thị Hưởng")
    foreign = make_user(full_name="Lê Hưởng")
    url = reverse("security:colleague_search")
    shown = enter(boss).get(url, {"person": "huong"}).content.decode()
    assert found.full_name in shown
    assert foreign.full_name not in shown
    line = AuditEvent.objects.get(action="search", actor_id=boss.pk)
    assert line.object_ids == [found.pk]
    assert "huong" not in line.reason
    assert enter(boss).get(url, {"person": "h"}).content.decode().strip() == ""


def test_an_ambiguous_name_comes_back_as_a_choice(person: User) -> None:
    boss = make_officer("unit_head", unit=person.unit)
    twins = [make_user(unit=person.unit, full_name="Nguyễn Văn An") for _ in range(2)]
    form = delegation_form(boss.role_grants.get(), person, person="van an")
    answer = enter(boss).post(MY_ROLES, form)
    assert answer.status_code == 422
    for twin in twins:
        assert f'value="{twin.username}"' in answer.content.decode()
    form["person_pick"] = twins[1].username
    assert enter(boss).post(MY_ROLES, form).status_code == 302
    assert twins[1].role_grants.exists()


def test_a_delegation_is_shown_to_both_sides_on_the_persons_page(person: User) -> None:
    admin = make_officer("administrator", unit=person.unit)
    boss = make_officer("unit_head", unit=admin.unit, full_name="Vụ trưởng Hà")
    now = timezone.now()
    origin = boss.role_grants.get()
    delegate_role(
        actor=boss,
        now=now,
        terms=Terms(
            user=person,
            role=origin.role,
            unit=origin.unit,
            valid_from=now,
            valid_to=now + DAY,
            delegated_from=origin,
        ),
    )
    assert boss.full_name in page(admin, person_page(person))
    assert person.full_name in page(admin, person_page(boss))
