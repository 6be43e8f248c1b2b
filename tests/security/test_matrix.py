"""The role × action matrix changes by two people, and never for those who change it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, MatrixChange, Role, RolePermission, User
from security.scope import may
from security.services import (
    RefusedError,
    approve_change,
    change_role_action,
    end_role,
    load_roles,
    refuse_change,
    withdraw_change,
)
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


@pytest.fixture
def admin() -> User:
    return make_officer("administrator")


@pytest.fixture
def officer(admin: User) -> User:
    return make_officer("security_officer", unit=admin.unit)


def ask(
    actor: User, *, role: str = "keeper", action: str = "campaign.view", allowed: bool = True
) -> MatrixChange:
    return change_role_action(
        actor=actor,
        role=Role.objects.get(pk=role),
        action=action,
        allowed=allowed,
        reason="QĐ 9",
        now=timezone.now(),
    )


def cell(role: str, action: str) -> bool:
    return RolePermission.objects.filter(role=role, action=action, allowed=True).exists()


def may_view(person: User) -> bool:
    return may(User.objects.get(pk=person.pk), "campaign.view")


def test_a_cell_changes_when_a_second_person_approves(admin: User, officer: User) -> None:
    keeper = make_officer("keeper", unit=admin.unit)
    change = ask(admin)
    assert not may_view(keeper)
    approve_change(actor=officer, change=change, now=timezone.now())
    assert may_view(keeper)
    back = ask(admin, allowed=False)
    assert may_view(keeper)
    approve_change(actor=officer, change=back, now=timezone.now())
    assert not may_view(keeper)
    load_roles()
    assert not cell("keeper", "campaign.view")
    events = AuditEvent.objects.filter(action__startswith="matrix.").order_by("id")
    assert [(event.action, event.actor_id) for event in events] == [
        ("matrix.requested", admin.pk),
        ("matrix.approved", officer.pk),
    ] * 2


def test_what_was_taken_away_stays_away_when_the_defaults_are_loaded(
    admin: User, officer: User
) -> None:
    change = ask(admin, action="records.edit", allowed=False)
    approve_change(actor=officer, change=change, now=timezone.now())
    load_roles()
    assert not cell("keeper", "records.edit")


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"role": "administrator", "action": "records.view"}, "own_role"),
        ({"action": "security.manage_access"}, "power"),
        ({"action": "security.approve_access"}, "power"),
        ({"action": "no.such"}, "action"),
        ({"action": "records.view"}, "same"),
        ({"action": "campaign.view", "allowed": False}, "same"),
    ],
)
def test_some_changes_are_not_even_asked_for(
    admin: User, wish: dict[str, str], expected: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(admin, **wish)  # type: ignore[arg-type]
    assert code(refused) == {expected}
    assert not MatrixChange.objects.exists()


@pytest.mark.parametrize("role", ["security_officer", "keeper", "head"])
def test_only_who_manages_access_everywhere_asks(admin: User, role: str) -> None:
    branch = make_officer("administrator", unit=make_unit(parent=admin.unit))
    for actor in (make_officer(role, unit=admin.unit), branch):
        with pytest.raises(RefusedError) as refused:
            ask(actor, role="operator")
        assert code(refused) == {"not_allowed"}
    assert not MatrixChange.objects.exists()


def test_the_second_person_is_another_one_and_holds_the_role_not(
    admin: User, officer: User
) -> None:
    change = ask(admin)
    grant_role(admin, "security_officer")
    holder = make_officer("security_officer", unit=admin.unit)
    grant_role(holder, "keeper")
    branch = make_officer("security_officer", unit=make_unit(parent=admin.unit))
    for actor, expected in (
        (User.objects.get(pk=admin.pk), "second_person"),
        (holder, "own_role"),
        (branch, "not_allowed"),
        (make_officer("head", unit=admin.unit), "not_allowed"),
    ):
        with pytest.raises(RefusedError) as refused:
            approve_change(actor=actor, change=change, now=timezone.now())
        assert code(refused) == {expected}
    assert not cell("keeper", "campaign.view")
    own = ask(admin, role="operator")
    approve_change(actor=officer, change=own, now=timezone.now())


def test_approval_looks_again_at_who_asked(admin: User, officer: User) -> None:
    change = ask(admin)
    end_role(actor=None, grant=admin.role_grants.get(), now=timezone.now(), reason="x")
    with pytest.raises(RefusedError) as refused:
        approve_change(actor=officer, change=change, now=timezone.now())
    assert code(refused) == {"requester_lost"}
    assert not cell("keeper", "campaign.view")


def test_refused_or_withdrawn_it_changes_nothing_and_may_be_asked_again(
    admin: User, officer: User
) -> None:
    refuse_change(actor=officer, change=ask(admin), reason="Chưa rõ", now=timezone.now())
    change = ask(admin)
    with pytest.raises(RefusedError) as refused:
        ask(admin)
    assert code(refused) == {"already_asked"}
    with pytest.raises(RefusedError):
        withdraw_change(actor=officer, change=change, now=timezone.now())
    withdraw_change(actor=admin, change=change, now=timezone.now())
    with pytest.raises(RefusedError) as refused:
        approve_change(actor=officer, change=change, now=timezone.now())
    assert code(refused) == {"decided"}
    assert not cell("keeper", "campaign.view")


def test_the_database_itself_wants_a_second_person(admin: User) -> None:
    change = MatrixChange.objects.filter(pk=ask(admin).pk)
    for decided_by in (admin, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            change.update(decision="approved", decided_by=decided_by, decided_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        change.update(reason="")


@pytest.mark.django_db(transaction=True)
def test_approving_and_withdrawing_at_once_one_wins() -> None:
    admin = make_officer("administrator")
    officer = make_officer("security_officer", unit=admin.unit)
    change = ask(admin)

    def attempt(which: str) -> str:
        try:
            if which == "approve":
                approve_change(actor=officer, change=change, now=timezone.now())
            else:
                withdraw_change(actor=admin, change=change, now=timezone.now())
        except RefusedError as error:
            return error.problems[0].code
        finally:
            connection.close()
        return which

    with ThreadPoolExecutor(2) as pool:
        results = set(pool.map(attempt, ["approve", "withdraw"]))
    change.refresh_from_db()
    assert results in ({"approve", "decided"}, {"withdraw", "decided"})
    assert cell("keeper", "campaign.view") == (change.decision == "approved")


def test_the_pages_offer_it_to_whom_it_belongs(admin: User, officer: User) -> None:
    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    post = reverse("security:role_change", args=["keeper"])
    page = reverse("security:role", args=["keeper"])
    assert post in client_of(admin).get(page).content.decode()
    assert post not in client_of(officer).get(page).content.decode()
    own = reverse("security:role", args=["administrator"])
    assert "/change/" not in client_of(admin).get(own).content.decode()
    asked = {"change": "allow:campaign.view", "reason": "QĐ 9"}
    assert client_of(officer).post(post, asked).status_code == 404
    for wrong in ({"change": ""}, {"change": "allow:\x00"}, {"change": "x:y", "reason": "z"}):
        client_of(admin).post(post, wrong)
    assert not MatrixChange.objects.exists()
    client_of(admin).post(post, asked)
    change = MatrixChange.objects.get()
    urls = {
        name: reverse(f"security:change_{name}", args=[change.pk])
        for name in ("approve", "refuse", "withdraw")
    }
    waiting = reverse("security:requests")
    shown = {user: client_of(user).get(waiting).content.decode() for user in (admin, officer)}
    assert [url in shown[admin] for url in urls.values()] == [False, False, True]
    assert [url in shown[officer] for url in urls.values()] == [True, True, False]
    assert client_of(make_user(unit=admin.unit)).post(urls["withdraw"]).status_code == 404
    assert client_of(admin).post(urls["approve"]).status_code == 404
    client_of(officer).post(urls["refuse"], {"reason": ""})
    assert MatrixChange.objects.get().decision == "waiting"
    assert client_of(officer).post(urls["approve"]).status_code == 302
    assert cell("keeper", "campaign.view")
