"""Giving and ending roles that need no second person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from security.models import AuditEvent, RoleGrant, User
from security.role_rules import Span, adds_nothing, date_fault, delegation_fault, same_organisation
from security.rules import Reach
from security.scope import may
from security.services import RefusedError, end_role, grant_role
from tests.security.make import LONG_AGO, make_officer, make_unit, make_user
from tests.security.make import grant_role as give

DAY = timedelta(days=1)


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def span(begin: int, end: int | None, *, path: str = "/1/", level: int = 1) -> Span:
    ends = None if end is None else LONG_AGO + end * DAY
    return Span(LONG_AGO + begin * DAY, ends, Reach(path, level, 1))


@pytest.mark.parametrize(
    ("begin", "end", "fault"),
    [
        (0, None, ""),
        (0, 1, ""),
        (5, 6, ""),
        (-1, 1, "begins_in_past"),
        (1, 1, "ends_before_begin"),
        (2, 1, "ends_before_begin"),
    ],
)
def test_dates_run_forward_from_now(begin: int, end: int | None, fault: str) -> None:
    assert date_fault(span(begin, end), LONG_AGO) == fault


@pytest.mark.parametrize(
    ("held", "nothing_new"),
    [
        (span(0, None), True),
        (span(0, 10), True),
        (span(0, 9), False),
        (span(2, 10), False),
        (span(0, None, path="/1/7/"), False),
        (span(0, None, level=0), False),
        (span(0, None, path="/"), True),
    ],
)
def test_a_grant_that_adds_nothing_is_known(held: Span, nothing_new: bool) -> None:
    assert adds_nothing(span(1, 10), [held]) is nothing_new


@pytest.mark.parametrize(
    ("passed_on", "fault"),
    [
        (span(0, 60), ""),
        (span(0, 61), "too_long"),
        (span(30, 91), "too_long"),
        (span(0, None), "no_end"),
        (span(50, 101), "outlives_origin"),
        (span(0, 10, level=2), "beyond_origin"),
        (span(0, 10, path="/"), "beyond_origin"),
        (span(0, 10, path="/1/7/"), ""),
    ],
)
def test_a_role_is_passed_on_within_its_own_bounds(passed_on: Span, fault: str) -> None:
    assert delegation_fault(passed_on, span(0, 100)) == fault


def test_an_organisation_is_all_below_one_root() -> None:
    assert same_organisation("/1/7/", "/1/9/4/")
    assert not same_organisation("/1/7/", "/11/7/")


@pytest.mark.django_db
def test_a_role_may_begin_later_but_not_earlier() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    now = timezone.now()

    def wish(**dates: Any) -> RoleGrant:
        return grant_role(
            actor=admin, user=person, role="keeper", unit=admin.unit, now=now, **dates
        )

    for wrong in ({"valid_from": now - DAY}, {"valid_from": now + DAY, "valid_to": now + DAY}):
        with pytest.raises(RefusedError) as refused:
            wish(**wrong)
        assert code(refused) == {"dates"}
    assert not person.role_grants.exists()
    wish(valid_from=now + DAY)
    assert not may(person, "records.view")
    assert list(RoleGrant.objects.in_force(now + 2 * DAY).filter(user=person).values("role"))


@pytest.mark.django_db
def test_the_same_role_is_not_given_twice_but_more_of_it_is() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    now = timezone.now()
    for sensitivity in (0, 1):
        for repeated in (False, True):
            if repeated:
                with pytest.raises(RefusedError) as refused:
                    _give_keeper(admin, person, sensitivity)
                assert code(refused) == {"already_held"}
            else:
                _give_keeper(admin, person, sensitivity)
    assert RoleGrant.objects.in_force(now + DAY).filter(user=person).count() == 2


def _give_keeper(admin: User, person: User, sensitivity: int) -> RoleGrant:
    return grant_role(
        actor=admin,
        user=person,
        role="keeper",
        unit=admin.unit,
        now=timezone.now(),
        max_sensitivity=sensitivity,
    )


@pytest.mark.django_db
def test_a_closed_account_is_given_nothing() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit, is_active=False)
    with pytest.raises(RefusedError) as refused:
        _give_keeper(admin, person, 0)
    assert code(refused) == {"account_closed"}
    assert not person.role_grants.exists()


@pytest.mark.django_db
def test_an_end_that_has_passed_is_history() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    grant = _give_keeper(admin, person, 0)
    ended = end_role(actor=admin, grant=grant, now=timezone.now(), reason="Chuyển công tác")
    with pytest.raises(RefusedError) as refused:
        end_role(actor=admin, grant=grant, now=timezone.now() + DAY, reason="again")
    assert code(refused) == {"ended"}
    grant.refresh_from_db()
    assert grant.valid_to == ended.valid_to
    assert AuditEvent.objects.filter(action="role.ended").count() == 1


@pytest.mark.django_db
def test_a_future_role_that_is_ended_never_begins() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    now = timezone.now()
    grant = grant_role(
        actor=admin,
        user=person,
        role="keeper",
        unit=admin.unit,
        now=now,
        valid_from=now + 5 * DAY,
    )
    end_role(actor=admin, grant=grant, now=now, reason="Thôi")
    for days in (0, 5, 6):
        assert not RoleGrant.objects.in_force(now + days * DAY).filter(user=person).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["administrator", "security_officer", "keeper"])
def test_nobody_ends_what_is_not_his_to_end(role: str) -> None:
    officer = make_officer(role)
    grant = give(make_user(unit=make_unit()), "keeper")
    with pytest.raises(RefusedError) as refused:
        end_role(actor=officer, grant=grant, now=timezone.now(), reason="x")
    assert code(refused) == {"not_allowed"}
    grant.refresh_from_db()
    assert grant.valid_to is None


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_give_one_role_once() -> None:
    unit = make_unit()
    admins = [make_officer("administrator", unit=unit) for _ in range(2)]
    person = make_user(unit=unit)

    def attempt(admin: User) -> str:
        try:
            _give_keeper(admin, person, 0)
        except RefusedError as error:
            return error.problems[0].code
        finally:
            connection.close()
        return "given"

    # Built before: both load the same unit, so that only the lock decides.
    for admin in admins:
        admin.unit = unit
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, admins)) == ["already_held", "given"]
    assert person.role_grants.count() == 1
