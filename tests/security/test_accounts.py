"""Accounts: closing and opening them, letting a person in again; what ends with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from security import audit
from security.models import ApiToken, AuditEvent, EmergencyAccess, Invitation, User
from security.services import RefusedError, change_user, disable_user, enable_user, end_all_sessions
from security.services.invitations import accept_invitation, hash_of, invite
from security.services.recovery import renew_link, reset_factor
from security.services.sessions import count_sessions
from tests.security.make import grant_role, make_officer, make_unit, make_user
from tests.security.people import PASSWORD, code, enter, facts, page_of, sign_in

pytestmark = pytest.mark.django_db


# --- closing and opening ----------------------------------------------------------------


def test_closing_an_account_ends_sessions_links_tokens_and_emergencies(settings: Any) -> None:
    admin = make_officer("administrator")
    person = make_officer("unit_staff", unit=make_unit(parent=admin.unit))
    now = timezone.now()
    client, idle = sign_in(person, settings), sign_in(person, settings)
    home = reverse("security:my_roles")
    assert client.get(home).status_code == 200
    invite(actor=admin, user=person, purpose="reset", now=now)
    ApiToken.objects.create(
        user=person,
        name="Kịch bản",
        prefix="sr_1",
        token_hash="h",
        actions=["campaign.view"],
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    EmergencyAccess.objects.create(
        user=person,
        unit=person.unit,
        action="campaign.view",
        reason="x",
        valid_from=now - timedelta(hours=1),
        valid_to=now + timedelta(hours=1),
    )
    disable_user(actor=admin, user=person, now=now, reason="Nghỉ hưu")
    assert client.get(home).status_code == 302
    later = now + timedelta(seconds=1)
    assert not Invitation.objects.usable(later).exists()
    assert not ApiToken.objects.usable(later).exists()
    assert not EmergencyAccess.objects.in_force(later).exists()
    assert AuditEvent.objects.get(action="user.disabled").reason == "Nghỉ hưu"
    with pytest.raises(RefusedError) as refused:
        disable_user(actor=admin, user=person, now=now, reason="x")
    assert code(refused) == {"disabled"}

    enable_user(actor=admin, user=person, now=now, reason="Trở lại")
    assert idle.get(home).status_code == 302, "a session of before must not come back"
    assert not ApiToken.objects.usable(later).exists()
    assert User.objects.get(pk=person.pk).is_active
    with pytest.raises(RefusedError):
        enable_user(actor=admin, user=person, now=now, reason="x")


def test_nobody_closes_his_own_account() -> None:
    admin = make_officer("administrator")
    with pytest.raises(RefusedError) as refused:
        disable_user(actor=admin, user=admin, now=timezone.now(), reason="x")
    assert code(refused) == {"own_account"}
    assert User.objects.get(pk=admin.pk).is_active


def test_an_administrator_of_a_branch_does_not_touch_who_acts_above_it() -> None:
    """Else he could make himself a link into a leader's account."""
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    leader = make_user(unit=admin.unit)
    grant_role(leader, "head", root)
    leader.set_password(PASSWORD)
    leader.save()
    now = timezone.now()
    for act in (
        lambda: disable_user(actor=admin, user=leader, now=now, reason="x"),
        lambda: renew_link(actor=admin, user=leader, now=now),
        lambda: reset_factor(actor=admin, user=leader, reason="x", now=now),
        lambda: end_all_sessions(actor=admin, user=leader, reason="x", now=now),
        lambda: change_user(
            actor=admin,
            user=leader,
            facts=facts(leader, unit=make_unit(parent=admin.unit)),
            now=now,
        ),
    ):
        with pytest.raises(RefusedError) as refused:
            act()
        assert code(refused) == {"not_allowed"}
    assert User.objects.get(pk=leader.pk).is_active
    assert not Invitation.objects.exists()
    shown = enter(admin).get(page_of("person", leader)).content.decode()
    assert page_of("person_link", leader) not in shown
    assert page_of("person_disable", leader) not in shown


def test_all_sessions_of_a_person_end_and_his_next_request_is_nobodys(settings: Any) -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    one, two = sign_in(person, settings), sign_in(person, settings)
    address = reverse("security:my_roles")
    assert one.get(address).status_code == two.get(address).status_code == 200
    now = timezone.now()
    assert count_sessions(person, now) == 2
    assert end_all_sessions(actor=admin, user=person, now=now, reason="Mất máy") == 2
    assert one.get(address).status_code == two.get(address).status_code == 302
    assert AuditEvent.objects.get(action="user.sessions_ended").reason == "Mất máy"


# --- letting in again -------------------------------------------------------------------


def make_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def test_password_and_second_factor_are_renewed_by_two_people() -> None:
    first, second = make_officer("administrator"), make_user()
    grant_role(second, "administrator", first.unit)
    person, other = make_user(unit=first.unit), make_user(unit=first.unit)
    now = timezone.now()
    for one in (person, other):
        one.set_password(PASSWORD)
        one.save()
        make_factor(one)
    renew_link(actor=first, user=person, now=now)
    with pytest.raises(RefusedError) as refused:
        reset_factor(actor=first, user=person, reason="x", now=now)
    assert code(refused) == {"two_people"}
    assert Authenticator.objects.filter(user=person).exists()
    assert reset_factor(actor=second, user=person, reason="Mất máy", now=now) == 1

    reset_factor(actor=first, user=other, reason="Mất máy", now=now)
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=first, user=other, now=timezone.now())
    assert code(refused) == {"two_people"}
    assert renew_link(actor=second, user=other, now=now)
    enter(first).post(page_of("person_link", other))
    denial = AuditEvent.objects.get(action="security:person_link", decision="denied")
    assert denial.actor_id == first.pk


def test_no_waiting_makes_one_administrator_two() -> None:
    """On a long leave nobody notices: a week alone is no second person."""
    admin = make_officer("administrator")
    away, back = make_user(unit=admin.unit), make_user(unit=admin.unit)
    now = timezone.now()
    later = now + timedelta(days=30)
    for one in (away, back):
        one.set_password(PASSWORD)
        one.save()
        make_factor(one)
        reset_factor(actor=admin, user=one, reason="Mất máy", now=now)
    make_factor(back)  # he came, and stands behind a factor of his own again
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=admin, user=away, now=later)
    assert code(refused) == {"two_people"}
    assert renew_link(actor=admin, user=back, now=later)


def test_whoever_used_a_link_himself_never_gets_at_the_factor() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    person.set_password(PASSWORD)
    person.save()
    make_factor(person)
    now = timezone.now() - timedelta(days=30)
    link = Invitation.objects.get(token_hash=hash_of(renew_link(actor=admin, user=person, now=now)))
    accept_invitation(pk=link.pk, password=PASSWORD + " 2", now=now)
    with pytest.raises(RefusedError) as refused:
        reset_factor(actor=admin, user=person, reason="x", now=timezone.now())
    assert code(refused) == {"two_people"}
    audit.record("signin", actor=person)  # with the factor, so it was himself
    assert reset_factor(actor=admin, user=person, reason="Mất máy", now=timezone.now()) == 1


def test_a_link_alone_never_hands_over_a_high_role() -> None:
    admin = make_officer("administrator")
    officer = make_user(unit=admin.unit)
    officer.set_password(PASSWORD)
    officer.save()
    grant = grant_role(officer, "security_officer")
    assert grant.high
    now = timezone.now()
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=admin, user=officer, now=now)
    assert code(refused) == {"high_role"}
    assert not Invitation.objects.exists()
    make_factor(officer)
    assert renew_link(actor=admin, user=officer, now=now)


def test_whoever_never_signed_in_gets_a_first_link_from_anybody_again() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    now = timezone.now()
    one = renew_link(actor=admin, user=person, now=now)
    two = renew_link(actor=admin, user=person, now=now)
    assert one != two
    assert Invitation.objects.usable(now).get().purpose == "first"
