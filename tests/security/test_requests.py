"""High roles: one asks, another approves; nobody raises himself, nor by way of a colleague."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from security.models import AuditEvent, Role, RoleGrant, RolePermission, RoleRequest, Unit, User
from security.services import (
    RefusedError,
    Terms,
    approve_role,
    end_role,
    grant_role,
    refuse_role,
    request_role,
    withdraw_role,
)
from tests.security.make import grant_role as give
from tests.security.make import make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
Decision = RoleRequest.Decision


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


class Office:
    """An administrator, a security officer and a colleague of one unit."""

    def __init__(self) -> None:
        self.unit = make_unit()
        self.admin = make_officer("administrator", unit=self.unit)
        self.officer = make_officer("security_officer", unit=self.unit)
        self.person = make_user(unit=self.unit)

    def terms(self, role: str = "head", **changed: object) -> Terms:
        plain = Terms(
            user=self.person,
            role=Role.objects.get(pk=role),
            unit=self.unit,
            valid_from=timezone.now(),
            reason="QĐ 12",
        )
        return replace(plain, **changed)  # type: ignore[arg-type]

    def ask(self, role: str = "head", **changed: object) -> RoleRequest:
        now = timezone.now()
        terms = self.terms(role, **{"valid_from": now, **changed})
        return request_role(actor=self.admin, terms=terms, now=now)


@pytest.fixture
def office() -> Office:
    return Office()


def held(person: User) -> list[str]:
    grants = RoleGrant.objects.in_force(timezone.now()).filter(user=person)
    return list(grants.values_list("role", flat=True))


@pytest.mark.parametrize("role", ["head", "security_officer", "administrator"])
def test_an_administrator_alone_gives_no_high_role(office: Office, role: str) -> None:
    with pytest.raises(RefusedError) as refused:
        grant_role(
            actor=office.admin, user=office.person, role=role, unit=office.unit, now=timezone.now()
        )
    assert code(refused) == {"needs_second_person"}
    assert held(office.person) == []


def test_a_level_from_mat_on_makes_any_role_a_high_one(office: Office, settings: object) -> None:
    settings.MAX_SECRECY_LEVEL = 3  # type: ignore[attr-defined]
    for level in (2, 3):
        with pytest.raises(RefusedError) as refused:
            grant_role(
                actor=office.admin,
                user=office.person,
                role="keeper",
                unit=office.unit,
                now=timezone.now(),
                max_level=level,
            )
        assert code(refused) & {"needs_second_person"}
    assert not office.person.role_grants.exists()


@pytest.mark.parametrize("action", ["security.manage_access", "security.approve_access"])
def test_a_role_that_can_raise_others_is_high_even_if_nobody_marked_it(
    office: Office, action: str
) -> None:
    RolePermission.objects.create(role_id="unit_staff", action=action)
    assert office.terms("unit_staff").high
    RolePermission.objects.filter(role="unit_staff", action=action).update(allowed=False)
    assert not office.terms("unit_staff").high


def test_what_one_asks_and_another_approves_is_given_as_asked(office: Office) -> None:
    end = timezone.now() + timedelta(days=30)
    request = office.ask(valid_to=end, max_sensitivity=1)
    assert held(office.person) == []
    grant = approve_role(actor=office.officer, request=request, now=timezone.now())
    assert held(office.person) == ["head"]
    assert (grant.granted_by, grant.approved_by, grant.high) == (office.admin, office.officer, True)
    assert (grant.valid_to, grant.max_sensitivity, grant.reason) == (end, 1, "QĐ 12")
    request.refresh_from_db()
    assert (request.decision, request.grant) == (Decision.APPROVED, grant)
    events = AuditEvent.objects.filter(action__startswith="role.", actor_id__isnull=False)
    assert list(events.order_by("id").values_list("action", "actor_id")) == [
        ("role.requested", office.admin.pk),
        ("role.granted", office.officer.pk),
        ("role.approved", office.officer.pk),
    ]


def test_neither_the_one_who_asked_nor_the_one_who_receives_approves(office: Office) -> None:
    give(office.admin, "security_officer", office.unit)
    give(office.person, "security_officer", office.unit)
    request = office.ask()
    for actor in (office.admin, office.person):
        for decide in (
            lambda who: approve_role(actor=who, request=request, now=timezone.now()),
            lambda who: refuse_role(actor=who, request=request, reason="x", now=timezone.now()),
        ):
            with pytest.raises(RefusedError) as refused:
                decide(actor)
            assert code(refused) == {"second_person"}
    request.refresh_from_db()
    assert request.decision == Decision.WAITING
    assert not office.person.role_grants.filter(role="head").exists()


@pytest.mark.parametrize("role", ["administrator", "head", "keeper", "member"])
def test_only_who_may_approve_on_that_unit_is_a_second_person(office: Office, role: str) -> None:
    request = office.ask()
    elsewhere = make_officer("security_officer")
    for actor in (make_officer(role, unit=office.unit), elsewhere):
        with pytest.raises(RefusedError) as refused:
            approve_role(actor=actor, request=request, now=timezone.now())
        assert code(refused) == {"not_allowed"}
    assert held(office.person) == []


def test_nobody_asks_for_himself_or_beyond_his_units(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        office.ask(user=office.admin)
    assert code(refused) == {"own_role"}
    with pytest.raises(RefusedError) as refused:
        office.ask(unit=make_unit())
    assert code(refused) == {"not_allowed"}
    with pytest.raises(RefusedError) as refused:
        request_role(actor=office.officer, terms=office.terms(), now=timezone.now())
    assert code(refused) & {"not_allowed", "dates"}
    assert not RoleRequest.objects.exists()


def test_the_same_is_asked_once(office: Office) -> None:
    office.ask()
    with pytest.raises(RefusedError) as refused:
        office.ask()
    assert code(refused) == {"already_asked"}
    assert RoleRequest.objects.count() == 1


@pytest.mark.parametrize(
    "between",
    ["receiver closed", "requester lost", "requester closed", "dates", "ceiling", "unit dissolved"],
)
def test_approval_looks_again(office: Office, settings: object, between: str) -> None:
    settings.MAX_SECRECY_LEVEL = 1  # type: ignore[attr-defined]
    request = office.ask(valid_to=timezone.now() + timedelta(days=1))
    now = timezone.now()
    if between == "receiver closed":
        User.objects.filter(pk=office.person.pk).update(is_active=False)
    elif between == "requester lost":
        end_role(actor=None, grant=office.admin.role_grants.get(), now=now, reason="x")
    elif between == "requester closed":
        User.objects.filter(pk=office.admin.pk).update(is_active=False)
    elif between == "unit dissolved":
        Unit.objects.filter(pk=office.unit.pk).update(dissolved_on=now.date())
    elif between == "ceiling":
        settings.MAX_SECRECY_LEVEL = 0  # type: ignore[attr-defined]
    else:
        now += timedelta(days=2)
    with pytest.raises(RefusedError) as refused:
        approve_role(actor=office.officer, request=request, now=now)
    expected = {
        "receiver closed": "account_closed",
        "requester lost": "requester_lost",
        "requester closed": "requester_lost",
        "dates": "dates",
        "ceiling": "above_ceiling",
        "unit dissolved": "dissolved",
    }
    assert code(refused) == {expected[between]}
    request.refresh_from_db()
    assert request.decision == Decision.WAITING
    assert not office.person.role_grants.exists()


def test_a_role_approved_late_begins_when_it_is_approved(office: Office) -> None:
    request = office.ask()
    later = timezone.now() + timedelta(days=3)
    assert approve_role(actor=office.officer, request=request, now=later).valid_from == later


def test_one_asked_for_the_future_begins_when_asked(office: Office) -> None:
    begin = timezone.now() + timedelta(days=3)
    request = office.ask(valid_from=begin)
    grant = approve_role(actor=office.officer, request=request, now=timezone.now())
    assert grant.valid_from == begin
    assert held(office.person) == []


def test_a_refusal_says_why_and_gives_nothing(office: Office) -> None:
    request = office.ask()
    with pytest.raises(RefusedError):
        refuse_role(actor=office.officer, request=request, reason="  ", now=timezone.now())
    refuse_role(actor=office.officer, request=request, reason="Chưa có QĐ", now=timezone.now())
    request.refresh_from_db()
    assert (request.decision, request.decision_reason) == (Decision.REFUSED, "Chưa có QĐ")
    with pytest.raises(RefusedError) as refused:
        approve_role(actor=office.officer, request=request, now=timezone.now())
    assert code(refused) == {"decided"}
    assert held(office.person) == []


def test_only_who_asked_withdraws_and_nothing_is_approved_after(office: Office) -> None:
    request = office.ask()
    other = make_officer("administrator", unit=office.unit)
    with pytest.raises(RefusedError) as refused:
        withdraw_role(actor=other, request=request, now=timezone.now())
    assert code(refused) == {"not_allowed"}
    withdraw_role(actor=office.admin, request=request, now=timezone.now())
    with pytest.raises(RefusedError) as refused:
        approve_role(actor=office.officer, request=request, now=timezone.now())
    assert code(refused) == {"decided"}
    assert held(office.person) == []
    office.ask()  # and may be asked again


def test_the_database_itself_wants_two_people(office: Office) -> None:
    request = office.ask()
    now = timezone.now()
    waiting = RoleRequest.objects.filter(pk=request.pk)
    for decided_by in (office.admin, office.person, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            waiting.update(decision="refused", decided_by=decided_by, decided_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(decision="approved", decided_by=office.officer, decided_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(requested_by=office.person)
    grant = give(office.person, "head", office.unit)
    for forged in (
        {"granted_by": office.admin, "high": True},
        {"granted_by": office.admin, "approved_by": office.admin},
        {"granted_by": office.admin, "approved_by": office.person},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.filter(pk=grant.pk).update(**forged)


@pytest.mark.django_db(transaction=True)
def test_of_two_approvers_at_once_one_wins() -> None:
    office = Office()
    request = office.ask()
    officers = [office.officer, make_officer("security_officer", unit=office.unit)]

    def approve(officer: User) -> str:
        try:
            approve_role(actor=officer, request=request, now=timezone.now())
        except RefusedError as error:
            return error.problems[0].code
        finally:
            connection.close()
        return "approved"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(approve, officers))
    assert results == ["approved", "decided"]
    assert office.person.role_grants.count() == 1
    assert AuditEvent.objects.filter(action="role.approved").count() == 1
