from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import Role, User
from security.services import RefusedError, reset_mfa, set_mfa_required
from tests.security.factor import (
    INDEX,
    LOGIN,
    SECRET,
    SHOW,
    code_now,
    factor_required,
    give_app,
    is_in,
    lines,
    make_keeper,
    shown,
    sign_in,
)
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_for() -> Iterator[None]:
    with factor_required():
        yield


# --- removing ---------------------------------------------------------------------------


def test_the_last_factor_stays_while_a_role_asks_for_one() -> None:
    user = make_keeper()
    give_app(user)
    client = shown(user)
    assert reverse("mfa_deactivate_totp") not in client.get(INDEX).content.decode()
    answer = client.post(reverse("mfa_deactivate_totp"), follow=True)
    assert "thêm một yếu tố khác trước" in answer.content.decode()
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    (line,) = lines("mfa.removed")
    assert (line.decision, line.actor_id) == ("denied", user.pk)


def test_one_of_two_factors_may_go_and_then_the_other_stays() -> None:
    user = make_keeper()
    give_app(user)
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Khóa 1"})
    client = shown(user)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user, type="totp").exists()
    client.post(reverse("mfa_remove_webauthn", args=[key.pk]))
    assert Authenticator.objects.filter(pk=key.pk).exists()
    assert [line.decision for line in lines("mfa.removed")] == ["allowed", "denied"]


def test_where_no_role_asks_the_last_one_may_go() -> None:
    user = make_keeper()
    give_app(user)
    RecoveryCodes.activate(user)
    client = shown(user)
    Role.objects.update(mfa_required=False)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user).exists()


def test_keys_of_others_cannot_be_touched() -> None:
    user, other = make_keeper(), make_keeper()
    give_app(user)
    key = Authenticator.objects.create(user=other, type="webauthn", data={"name": "khóa-lạ"})
    client = shown(user)
    for name in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
        there = reverse(name, args=[key.pk])
        assert client.get(there).status_code == 404
        assert client.post(there, {"name": "x"}).status_code == 404
    key.refresh_from_db()
    assert key.data == {"name": "khóa-lạ"}


# --- forged answers of keys -------------------------------------------------------------

FORGED = [
    "",
    "{}",
    "[]",
    '"x"',
    "not json",
    "null",
    '{"id": "x"}',
    '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}',
    '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":'
    '{"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"AA","signature":"AA"}}',
    '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":'
    '{"clientDataJSON":"AAAA","attestationObject":"AAAA","authenticatorData":"!","signature":7}}',
]


@pytest.mark.parametrize("forged", FORGED)
def test_forged_answers_of_a_key_are_refused(client: Client, forged: str) -> None:
    user = make_keeper()
    sign_in(client, user)
    there = reverse("mfa_add_webauthn")
    client.get(there)
    assert client.post(there, {"name": "x", "credential": forged}).status_code == 200
    assert not Authenticator.objects.filter(user=user).exists()
    give_app(user)
    other = Client()
    sign_in(other, user)
    other.get(SHOW)
    assert other.post(SHOW, {"credential": forged}).status_code == 200
    assert not is_in(other)


# --- resetting, requiring ---------------------------------------------------------------


def test_an_administrator_resets_a_lost_factor() -> None:
    unit = make_unit()
    user, actor = make_keeper(unit=unit), make_officer("administrator", unit=unit)
    give_app(user)
    RecoveryCodes.activate(user)
    client = shown(user)
    reset_mfa(actor=actor, user=user, reason="mất điện thoại", now=timezone.now())
    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get("/").headers["Location"].startswith(LOGIN)
    (line,) = lines("mfa.reset")
    assert (line.actor_id, line.object_id, line.reason) == (
        actor.pk,
        str(user.pk),
        "mất điện thoại",
    )


def _own(unit: Any) -> tuple[User, User]:
    actor = make_officer("administrator", unit=unit)
    return actor, actor


def _of_elsewhere(unit: Any) -> tuple[User, User]:
    return make_officer("administrator"), make_keeper(unit=unit)


def _with_a_role_above(unit: Any) -> tuple[User, User]:
    user = make_keeper(unit=make_unit(parent=unit))
    grant_role(user, "head", unit)
    return make_officer("administrator", unit=user.unit), user


def _no_administrator(unit: Any) -> tuple[User, User]:
    return make_officer("keeper", unit=unit), make_keeper(unit=unit)


@pytest.mark.parametrize("who", [_own, _of_elsewhere, _with_a_role_above, _no_administrator])
def test_nobody_else_resets_it(who: Callable[[Any], tuple[User, User]]) -> None:
    actor, user = who(make_unit())
    give_app(user)
    with pytest.raises(RefusedError):
        reset_mfa(actor=actor, user=user, reason="x", now=timezone.now())
    assert Authenticator.objects.filter(user=user).exists()
    assert lines("mfa.reset") == []


@pytest.mark.parametrize("has", [True, False])
def test_a_reset_needs_a_reason_and_something_to_reset(has: bool) -> None:
    unit = make_unit()
    user, actor = make_keeper(unit=unit), make_officer("administrator", unit=unit)
    if has:
        give_app(user)
    with pytest.raises(RefusedError):
        reset_mfa(actor=actor, user=user, reason=" " if has else "x", now=timezone.now())
    assert lines("mfa.reset") == []


def test_requiring_and_waiving_it_for_a_role(client: Client) -> None:
    actor = make_officer("administrator")
    role = Role.objects.get(code="unit_staff")
    client.force_login(make_officer("unit_staff", unit=actor.unit))
    set_mfa_required(actor=actor, role=role, required=True, now=timezone.now())
    assert client.get(reverse("home")).headers["Location"] == INDEX
    set_mfa_required(actor=actor, role=role, required=False, now=timezone.now())
    assert client.get(reverse("home")).status_code == 200
    assert [line.reason for line in lines("role.mfa_changed")] == ["required", "waived"]


def test_nobody_waives_it_for_his_own_role_or_from_a_branch() -> None:
    root = make_unit()
    actor = make_officer("administrator", unit=root)
    branch = make_officer("administrator", unit=make_unit(parent=root))
    Role.objects.filter(code="administrator").update(mfa_required=True)
    own, other = Role.objects.get(code="administrator"), Role.objects.get(code="keeper")
    for who, role in ((actor, own), (branch, other), (make_user(unit=root), other)):
        with pytest.raises(RefusedError):
            set_mfa_required(actor=who, role=role, required=False, now=timezone.now())
        role.refresh_from_db()
        assert role.mfa_required
    assert lines("role.mfa_changed") == []


def test_secrets_need_the_installations_key(client: Client, settings: Any) -> None:
    user = make_keeper()
    app = give_app(user)
    sign_in(client, user)
    assert SECRET not in json.dumps(app.data)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key of another installation"
    fresh = Client()
    sign_in(fresh, user)
    page = fresh.post(SHOW, {"code": code_now()})
    assert "khóa khác" in page.content.decode()
    assert not is_in(fresh)
    settings.SECRET_KEY_FALLBACKS = [old]
    fresh.post(SHOW, {"code": code_now()})
    assert is_in(fresh)


def test_sessions_of_others_survive_a_reset() -> None:
    unit = make_unit()
    user, actor = make_keeper(unit=unit), make_officer("administrator", unit=unit)
    give_app(user)
    other = Client()
    other.force_login(make_user(unit=unit))
    before = Session.objects.count()
    reset_mfa(actor=actor, user=user, reason="x", now=timezone.now())
    assert Session.objects.count() == before


def test_nobody_waives_it_for_a_high_role(client: Client) -> None:
    actor = make_officer("administrator")
    Role.objects.filter(code="security_officer").update(mfa_required=True)
    role = Role.objects.get(code="security_officer")
    with pytest.raises(RefusedError) as refused:
        set_mfa_required(actor=actor, role=role, required=False, now=timezone.now())
    assert [problem.code for problem in refused.value.problems] == ["high_role"]
    role.refresh_from_db()
    assert role.mfa_required
    client.force_login(actor)
    page = client.get(reverse("security:role", args=["security_officer"]))
    assert not page.context["may_waive"]
