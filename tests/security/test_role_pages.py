"""The pages of roles: who is shown what, which button stands where, what a forged post changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, Role, RoleGrant, RolePermission, RoleRequest, User
from security.places import ACCESS
from security.services import Terms, request_role
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
REQUESTS, ROLES = reverse("security:requests"), reverse("security:roles")
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


def act(name: str, request: RoleRequest) -> str:
    return reverse(f"security:request_{name}", args=[request.pk])


def wish(person: User, role: str, **changed: object) -> dict[str, object]:
    return {
        "role": role,
        "unit": person.unit.code,
        "max_level": 1,
        "max_sensitivity": 0,
        "reason": "QĐ 5",
        **changed,
    }


def asked(admin: User, person: User, role: str = "head") -> RoleRequest:
    now = timezone.now()
    terms = Terms(user=person, role=Role.objects.get(pk=role), unit=admin.unit, valid_from=now)
    return request_role(actor=admin, terms=terms, now=now)


@pytest.fixture
def admin() -> User:
    return make_officer("administrator")


@pytest.fixture
def officer(admin: User) -> User:
    return make_officer("security_officer", unit=admin.unit)


@pytest.fixture
def person(admin: User) -> User:
    return make_user(unit=admin.unit)


def denials(user: User) -> int:
    return AuditEvent.objects.filter(actor_id=user.pk, decision="denied").count()


# --- giving on the page of a person ---------------------------------------------------------


def test_a_high_role_is_asked_for_on_the_same_form(admin: User, person: User) -> None:
    client = enter(admin)
    assert client.post(person_page(person), wish(person, "head")).status_code == 302
    assert not person.role_grants.exists()
    request = RoleRequest.objects.get()
    assert (request.user, request.role_id, request.requested_by) == (person, "head", admin)
    shown = page(admin, person_page(person))
    assert act("withdraw", request) in shown
    assert act("approve", request) not in shown


def test_dates_are_whole_days_and_today_begins_now(admin: User, person: User) -> None:
    today = timezone.localdate()
    days = {"valid_from": today, "valid_to": today}
    assert enter(admin).post(person_page(person), wish(person, "keeper", **days)).status_code == 302
    grant = person.role_grants.get()
    assert grant.valid_from <= timezone.now()
    end = timezone.localtime(grant.valid_to)
    assert (end.date(), end.hour, end.minute) == (today + DAY, 0, 0)
    assert f"{today:%d/%m/%Y}" in page(admin, person_page(person))


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_from": "2020-01-01"},
        {"valid_to": "2020-01-01"},
        {"valid_to": "9999-12-31"},
        {"valid_from": "31/02/2026"},
        {"max_level": "3"},
        {"max_level": "-1"},
        {"max_sensitivity": "7"},
        {"unit": "không có"},
        {"unit": "\x00"},
        {"role": "administrator\x00"},
    ],
)
def test_a_slip_or_a_forgery_is_answered_by_the_form(
    admin: User, person: User, wrong: dict[str, str]
) -> None:
    answer = enter(admin).post(person_page(person), {**wish(person, "keeper"), **wrong})
    assert answer.status_code in {400, 422}
    assert not RoleGrant.objects.filter(user=person).exists()
    assert not RoleRequest.objects.exists()


def test_own_page_offers_nothing_and_a_forged_post_is_a_denial(admin: User) -> None:
    assert 'name="role"' not in page(admin, person_page(admin))
    before = denials(admin)
    assert enter(admin).post(person_page(admin), wish(admin, "keeper")).status_code == 422
    assert denials(admin) == before + 1
    assert admin.role_grants.count() == 1
    end = reverse("security:grant_end", args=[admin.pk, admin.role_grants.get().pk])
    enter(admin).post(end, {"reason": "x"})
    assert admin.role_grants.get().valid_to is None
    assert denials(admin) == before + 2


def test_every_state_is_shown_and_only_open_ones_can_be_ended(admin: User, person: User) -> None:
    now = timezone.now()
    running = grant_role(person, "operator")
    over = grant_role(person, "inspector", valid_to=now - DAY)
    later = grant_role(person, "keeper", now=now + DAY)
    beyond = grant_role(person, "member", make_unit())
    shown = page(admin, person_page(person))
    ends = {
        grant: reverse("security:grant_end", args=[person.pk, grant.pk])
        for grant in (running, over, later, beyond)
    }
    assert [url in shown for url in ends.values()] == [True, False, True, False]


# --- deciding -------------------------------------------------------------------------------


def test_the_officer_decides_and_the_administrator_waits(
    admin: User, officer: User, person: User
) -> None:
    request = asked(admin, person)
    for_admin, for_officer = page(admin, REQUESTS), page(officer, REQUESTS)
    assert [act(name, request) in for_admin for name in ("approve", "refuse", "withdraw")] == [
        False,
        False,
        True,
    ]
    assert [act(name, request) in for_officer for name in ("approve", "refuse", "withdraw")] == [
        True,
        True,
        False,
    ]
    assert enter(officer).post(act("approve", request)).status_code == 302
    assert person.role_grants.get().approved_by == officer
    assert act("approve", request) not in page(officer, REQUESTS)


def test_who_may_not_decide_changes_nothing_and_is_written_down(admin: User, person: User) -> None:
    request = asked(admin, person)
    stranger = make_officer("security_officer")
    for user, status in ((admin, 404), (stranger, 404), (make_officer("keeper"), 404)):
        for name in ("approve", "refuse"):
            before = denials(user)
            assert enter(user).post(act(name, request), {"reason": "x"}).status_code == status
            assert denials(user) == before + 1
    request.refresh_from_db()
    assert request.decision == "waiting"
    assert not person.role_grants.exists()


def test_the_receiver_cannot_approve_even_as_an_officer(admin: User, person: User) -> None:
    grant_role(person, "security_officer")
    request = asked(admin, person)
    assert act("approve", request) not in page(person, REQUESTS)
    before = denials(person)
    enter(person).post(act("approve", request))
    assert denials(person) == before + 1
    assert not person.role_grants.filter(role="head").exists()


def test_a_refusal_wants_a_reason(admin: User, officer: User, person: User) -> None:
    request = asked(admin, person)
    enter(officer).post(act("refuse", request), {"reason": " "})
    request.refresh_from_db()
    assert request.decision == "waiting"
    enter(officer).post(act("refuse", request), {"reason": "Chưa có QĐ"})
    assert "Chưa có QĐ" in page(admin, person_page(person))


def test_a_second_click_is_told_that_it_is_decided(
    admin: User, officer: User, person: User
) -> None:
    request = asked(admin, person)
    enter(admin).post(act("withdraw", request))
    answer = enter(officer).post(act("approve", request), follow=True)
    assert answer.status_code == 200
    assert not person.role_grants.exists()


def test_an_absent_request_answers_like_a_foreign_one(officer: User) -> None:
    foreign = asked(make_officer("administrator"), make_user())
    for pk in (foreign.pk, 10**9, 10**30):
        url = reverse("security:request_approve", args=[pk])
        assert enter(officer).post(url).status_code == 404


# --- the matrix and one role ------------------------------------------------------------------


def test_the_matrix_says_in_words_what_each_role_may_do(admin: User) -> None:
    shown = page(admin, ROLES)
    for role in Role.objects.all():
        assert reverse("security:role", args=[role.pk]) in shown
    RolePermission.objects.create(role_id="member", action="future.action")
    assert "future.action" in page(admin, ROLES)


def test_holders_are_those_of_ones_units(admin: User, person: User) -> None:
    grant_role(person, "keeper")
    foreign = make_officer("keeper", full_name="Người nơi khác")
    closed = make_user(unit=admin.unit, is_active=False, full_name="Người đã nghỉ")
    grant_role(closed, "keeper")
    shown = page(admin, reverse("security:role", args=["keeper"]))
    assert person_page(person) in shown
    assert foreign.full_name not in shown
    assert closed.full_name not in shown


def test_an_unknown_role_is_not_found(admin: User) -> None:
    assert enter(admin).get(reverse("security:role", args=["boss"])).status_code == 404


@pytest.mark.parametrize("role", ["head", "office", "keeper", "operator", "member", "deputy"])
def test_others_find_no_page_of_it(role: str) -> None:
    user = make_officer(role)
    urls = [
        ROLES,
        REQUESTS,
        reverse("security:role", args=["keeper"]),
        reverse("security:expiring"),
    ]
    assert [enter(user).get(url).status_code for url in urls] == [404] * 4
    assert denials(user) == 4


def test_the_second_factor_is_switched_by_who_manages_all(admin: User, officer: User) -> None:
    switch = reverse("security:role_mfa", args=["keeper"])
    assert enter(officer).post(switch, {"required": "1"}).status_code == 404
    branch = make_officer("administrator", unit=make_unit(parent=admin.unit))
    assert switch not in page(branch, reverse("security:role", args=["keeper"]))
    enter(branch).post(switch, {"required": "1"})
    assert not Role.objects.get(pk="keeper").mfa_required
    enter(admin).post(switch, {"required": "1"})
    assert Role.objects.get(pk="keeper").mfa_required
    assert AuditEvent.objects.filter(action="role.mfa_changed", actor_id=admin.pk).count() == 1


def test_the_tab_counts_what_waits_for_its_reader(admin: User, officer: User, person: User) -> None:
    assert (waiting_for(admin), waiting_for(officer)) == (0, 0)
    asked(admin, person)
    asked(admin, officer)
    assert (waiting_for(admin), waiting_for(officer)) == (0, 1)


def waiting_for(user: User) -> int:
    place = next(one for one in ACCESS if one.url_name == "security:requests")
    return place.count(User.objects.get(pk=user.pk)) if place.count else 0
