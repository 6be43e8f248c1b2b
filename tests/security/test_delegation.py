"""Passing on one's own role while on leave: within its bounds, until a date, never further."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from security.models import AuditEvent, Role, RoleGrant, RoleRequest, User
from security.scope import may
from security.services import (
    RefusedError,
    Terms,
    approve_role,
    delegate_role,
    end_delegation,
    end_role,
    request_role,
)
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def terms_for(origin: RoleGrant, receiver: User, *, days: int = 14, **changed: object) -> Terms:
    now = timezone.now()
    plain = Terms(
        user=receiver,
        role=origin.role,
        unit=origin.unit,
        valid_from=now,
        valid_to=now + days * DAY,
        delegated_from=origin,
        reason="Nghỉ phép",
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


@pytest.fixture
def boss() -> User:
    return make_officer("unit_head", unit=make_unit(parent=make_unit()))


@pytest.fixture
def colleague(boss: User) -> User:
    return make_user(unit=boss.unit)


def pass_on(boss: User, receiver: User, **changed: object) -> RoleGrant:
    terms = terms_for(boss.role_grants.get(), receiver, **changed)  # type: ignore[arg-type]
    return delegate_role(actor=boss, terms=terms, now=terms.valid_from)


def acts(person: User) -> bool:
    return may(User.objects.get(pk=person.pk), "campaign.accept")


def test_the_receiver_acts_until_it_is_taken_back(boss: User, colleague: User) -> None:
    grant = pass_on(boss, colleague)
    assert acts(colleague)
    assert acts(boss)
    end_delegation(actor=boss, grant=grant, now=timezone.now())
    assert not acts(colleague)
    assert acts(boss)
    events = AuditEvent.objects.filter(actor_id=boss.pk).order_by("id")
    assert [event.action for event in events] == ["role.delegated", "role.delegation_ended"]


def test_the_receiver_may_give_it_back_and_others_not(boss: User, colleague: User) -> None:
    grant = pass_on(boss, colleague)
    for stranger in (make_user(unit=boss.unit), make_officer("administrator", unit=boss.unit)):
        with pytest.raises(RefusedError) as refused:
            end_delegation(actor=stranger, grant=grant, now=timezone.now())
        assert code(refused) == {"not_allowed"}
    assert acts(colleague)
    end_delegation(actor=colleague, grant=grant, now=timezone.now())
    assert not acts(colleague)


def test_an_administrator_ends_it_with_a_reason(boss: User, colleague: User) -> None:
    grant = pass_on(boss, colleague)
    admin = make_officer("administrator", unit=boss.unit)
    end_role(actor=admin, grant=grant, now=timezone.now(), reason="Hết nghỉ phép")
    assert not acts(colleague)


def test_giving_back_is_only_for_what_was_passed_on(boss: User) -> None:
    with pytest.raises(RefusedError) as refused:
        end_delegation(actor=boss, grant=boss.role_grants.get(), now=timezone.now())
    assert code(refused) == {"not_allowed"}
    assert acts(boss)


@pytest.mark.parametrize("lost", ["ended", "account closed"])
def test_it_ends_with_the_original(boss: User, colleague: User, lost: str) -> None:
    pass_on(boss, colleague)
    if lost == "ended":
        end_role(actor=None, grant=boss.role_grants.get(), now=timezone.now(), reason="x")
    else:
        User.objects.filter(pk=boss.pk).update(is_active=False)
    assert not acts(colleague)


def test_what_was_passed_on_is_not_passed_on_again(boss: User, colleague: User) -> None:
    pass_on(boss, colleague)
    third = make_user(unit=boss.unit)
    with pytest.raises(RefusedError) as refused:
        pass_on(colleague, third)
    assert code(refused) == {"no_chain"}
    assert not acts(third)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"valid_to": None}, "no_end"),
        ({"days": 61}, "too_long"),
        ({"max_level": 1, "max_sensitivity": 2}, "beyond_origin"),
        ({"days": -1}, "dates"),
    ],
)
def test_terms_beyond_the_bounds_are_refused(
    colleague: User, changed: dict[str, object], expected: str
) -> None:
    boss = make_user(unit=colleague.unit)
    grant_role(boss, "unit_head", max_sensitivity=1)
    with pytest.raises(RefusedError) as refused:
        pass_on(boss, colleague, **changed)
    assert code(refused) == {expected}
    assert not colleague.role_grants.exists()


def test_it_never_outlives_the_original(colleague: User) -> None:
    boss = make_user(unit=colleague.unit)
    grant_role(boss, "unit_head", valid_to=timezone.now() + 5 * DAY)
    with pytest.raises(RefusedError) as refused:
        pass_on(boss, colleague, days=6)
    assert code(refused) == {"outlives_origin"}
    pass_on(boss, colleague, days=4)


def test_not_to_oneself_not_abroad_not_to_a_closed_account(boss: User) -> None:
    closed = make_user(unit=boss.unit, is_active=False)
    for receiver, expected in (
        (boss, "own_role"),
        (make_user(unit=make_unit()), "other_organisation"),
        (closed, "account_closed"),
    ):
        with pytest.raises(RefusedError) as refused:
            pass_on(boss, receiver)
        assert code(refused) == {expected}
    assert RoleGrant.objects.count() == 1


def test_only_ones_own_role_in_force_and_only_as_it_is(boss: User, colleague: User) -> None:
    origin = boss.role_grants.get()
    other = make_officer("unit_head", unit=boss.unit)
    forged = [
        (other, terms_for(origin, colleague)),
        (boss, terms_for(origin, colleague, role=Role.objects.get(pk="deputy"))),
        (boss, terms_for(origin, colleague, unit=boss.unit.parent)),
    ]
    for actor, terms in forged:
        with pytest.raises(RefusedError) as refused:
            delegate_role(actor=actor, terms=terms, now=terms.valid_from)
        assert code(refused) == {"not_allowed"}
    end_role(actor=None, grant=origin, now=timezone.now(), reason="x")
    with pytest.raises(RefusedError):
        pass_on(boss, colleague)
    assert not colleague.role_grants.exists()


@pytest.mark.parametrize("role", ["unit_staff", "operator", "administrator", "security_officer"])
def test_other_roles_stay_with_their_holder(role: str) -> None:
    holder = make_officer(role)
    with pytest.raises(RefusedError) as refused:
        pass_on(holder, make_user(unit=holder.unit))
    assert code(refused) == {"not_delegable"}


def test_a_high_role_waits_for_the_second_person() -> None:
    head = make_officer("head")
    deputy = make_user(unit=head.unit)
    with pytest.raises(RefusedError) as refused:
        pass_on(head, deputy)
    assert code(refused) == {"needs_second_person"}
    terms = terms_for(head.role_grants.get(), deputy)
    request = request_role(actor=head, terms=terms, now=terms.valid_from)
    assert not acts(deputy)
    officer = make_officer("security_officer", unit=head.unit)
    grant = approve_role(actor=officer, request=request, now=timezone.now())
    assert (grant.delegated_from, grant.approved_by) == (head.role_grants.get(), officer)
    assert acts(deputy)
    end_delegation(actor=head, grant=grant, now=timezone.now())
    assert not acts(deputy)


def test_a_high_role_that_ended_meanwhile_is_not_approved() -> None:
    head = make_officer("head")
    terms = terms_for(head.role_grants.get(), make_user(unit=head.unit))
    request = request_role(actor=head, terms=terms, now=terms.valid_from)
    end_role(actor=None, grant=head.role_grants.get(), now=timezone.now(), reason="x")
    officer = make_officer("security_officer", unit=head.unit)
    with pytest.raises(RefusedError) as refused:
        approve_role(actor=officer, request=request, now=timezone.now())
    assert code(refused) == {"requester_lost"}
    assert RoleRequest.objects.get().decision == "waiting"


def test_the_database_wants_an_end(boss: User, colleague: User) -> None:
    grant = pass_on(boss, colleague)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.filter(pk=grant.pk).update(valid_to=None)


def test_the_same_is_passed_on_once(boss: User, colleague: User) -> None:
    pass_on(boss, colleague)
    with pytest.raises(RefusedError) as refused:
        pass_on(boss, colleague, days=10)
    assert code(refused) == {"already_held"}
    assert colleague.role_grants.count() == 1
