from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import Resolver404, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from security.mfa.middleware import ALWAYS_OPEN, MANAGING
from security.models import AuditEvent, Role, User
from security.services import RefusedError, reset_mfa, set_mfa_required
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "một-mật-khẩu-dài"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN, SHOW = reverse("account_login"), reverse("mfa_authenticate")
INDEX, AGAIN = reverse("mfa_index"), reverse("mfa_reauthenticate")


@pytest.fixture(autouse=True)
def _asked_for() -> Iterator[None]:
    """Keepers need a second factor here; counters of attempts begin at nothing."""
    cache.clear()
    Role.objects.filter(code="keeper").update(mfa_required=True)
    yield
    cache.clear()


def code_now(secret: str = SECRET, *, later: int = 0) -> str:
    """The code an app shows now, or so many periods later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later)))


def make_keeper(**fields: Any) -> User:
    user = make_officer("keeper", **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def give_app(user: User) -> Authenticator:
    """An app set up two days ago."""
    app = TOTP.activate(user, SECRET).instance
    Authenticator.objects.filter(pk=app.pk).update(created_at=timezone.now() - timedelta(days=2))
    return app


def sign_in(client: Client, user: User) -> Any:
    return client.post(LOGIN, {"login": user.username, "password": PASSWORD})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def lines(action: str, **which: Any) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action, **which).order_by("id"))


# --- required, enrolling ----------------------------------------------------------------


def test_who_must_have_a_factor_is_led_to_set_one_up(client: Client) -> None:
    user = make_keeper()
    sign_in(client, user)
    answer = client.get(reverse("records:member_list"))
    assert (answer.status_code, answer.headers["Location"]) == (302, INDEX)
    page = client.get(INDEX).content.decode()
    assert reverse("mfa_activate_totp") in page
    assert reverse("mfa_add_webauthn") in page
    assert "Vai trò của bạn yêu cầu" in page
    assert 'class="topnav"' not in page  # no link that leads back here
    assert lines("mfa.required", decision="denied", actor_id=user.pk)


@pytest.mark.parametrize("name", ["account_logout", "set_language"])
def test_signing_out_and_the_language_stay_open(client: Client, name: str) -> None:
    client.force_login(make_keeper())
    answer = client.post(reverse(name), {"language": "en", "next": "/"})
    assert answer.headers["Location"] in (LOGIN, "/")


def test_the_answers_fit_who_asks(client: Client) -> None:
    client.force_login(make_keeper())
    there = reverse("records:member_list")
    htmx = client.get(there, headers={"HX-Request": "true", "HX-Current-URL": "http://x/a/?b"})
    assert (htmx.status_code, htmx.headers["HX-Redirect"], htmx.content) == (200, INDEX, b"")
    for path, headers in (
        ("/api/v1/members/", {}),
        (there, {"accept": "application/json"}),
        (there, {"sec-fetch-dest": "image"}),
    ):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 403
        assert "Vai trò của bạn yêu cầu" in answer.json()["detail"]
    client.cookies["django_language"] = "en"
    assert "Your role requires" in client.get("/api/v1/members/").json()["detail"]


def test_nothing_is_done_by_a_form_before_the_factor(client: Client) -> None:
    user = make_keeper()
    client.force_login(user)
    answer = client.post(reverse("account_change_password"), {"oldpassword": PASSWORD})
    assert answer.headers["Location"] == INDEX


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_opens_everything(client: Client) -> None:
    user, elsewhere = make_keeper(), Client()
    sign_in(elsewhere, user)
    sign_in(client, user)
    there = reverse("mfa_activate_totp")
    page = client.get(there, follow=True)
    assert page.redirect_chain == []  # the password was typed a moment ago
    assert "data:image/svg+xml;base64," in page.content.decode()
    secret = client.session["mfa.totp.secret"]
    wrong = client.post(there, {"code": "000000" if code_now(secret) != "000000" else "000001"})
    assert "Mã không đúng" in wrong.content.decode()
    assert client.get("/").headers["Location"] == INDEX
    done = client.post(there, {"code": code_now(secret)})
    assert done.headers["Location"] == reverse("mfa_view_recovery_codes")
    assert "factor-codes" in client.get(done.headers["Location"]).content.decode()
    assert client.get(reverse("records:member_list")).status_code == 200
    (line,) = lines("mfa.added", actor_id=user.pk)
    assert line.reason == "totp, 1 other sessions ended"
    assert elsewhere.get("/").headers["Location"].startswith(LOGIN)
    assert len(lines("mfa.codes_made", actor_id=user.pk)) == 1
    assert len(lines("mfa.failed", decision="denied", actor_id=user.pk)) == 1
    row = Authenticator.objects.get(user=user, type="totp")
    assert secret not in json.dumps(row.data)


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """Every address of the product, each place for a name or number filled with 1."""
    for name in set(resolver.reverse_dict):
        for possible, _pattern, _defaults, _converters in resolver.reverse_dict.getlist(name):
            for text, names in possible:
                yield before + text % dict.fromkeys(names, "1")
    for prefix, inner in resolver.namespace_dict.values():
        yield from addresses(inner, before + prefix)


def test_no_address_opens_before_the_factor(client: Client) -> None:
    user = make_keeper()
    sign_in(client, user)
    asked, opened = 0, []
    for path in sorted(set(addresses(get_resolver()))):
        try:
            name = resolve(path).view_name
        except Resolver404:
            continue
        if name in ALWAYS_OPEN | MANAGING:
            continue
        for answer in (client.get(path), client.post(path, {"x": "y"})):
            asked += 1
            led = answer.status_code == 302 and answer.headers["Location"] == INDEX
            if not led and answer.status_code != 403:
                opened.append((path, name, answer.status_code))
    assert opened == []
    assert asked > 150
    assert len(lines("mfa.required")) == asked


def test_setting_up_asks_for_the_password_when_it_was_long_ago(client: Client) -> None:
    user = make_keeper()
    with time_machine.travel(timezone.now() - timedelta(minutes=20)):
        sign_in(client, user)
    answer = client.get(reverse("mfa_activate_totp"))
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))


def test_a_role_given_while_signed_in_counts_at_the_next_request(client: Client) -> None:
    user = make_officer("unit_staff")
    client.force_login(user)
    assert client.get(reverse("home")).status_code == 200
    grant_role(user, "keeper")
    assert client.get(reverse("home")).headers["Location"] == INDEX


def test_without_such_a_role_nothing_is_asked(client: Client) -> None:
    client.force_login(make_officer("unit_staff"))
    assert client.get(reverse("home")).status_code == 200
    page = client.get(INDEX).content.decode()
    assert "Vai trò của bạn yêu cầu" not in page
    assert 'class="topnav"' in page


# --- signing in -------------------------------------------------------------------------


def test_signing_in_takes_the_password_and_the_code(client: Client) -> None:
    user = make_keeper()
    give_app(user)
    answer = sign_in(client, user)
    assert answer.headers["Location"] == SHOW
    assert not is_in(client)
    assert client.get(reverse("records:member_list")).headers["Location"].startswith(LOGIN)
    assert client.post(SHOW, {"code": code_now()}).headers["Location"] == "/"
    assert client.get(reverse("records:member_list")).status_code == 200
    assert len(lines("signin", decision="allowed", actor_id=user.pk)) == 1


@pytest.mark.parametrize("later", [-1, 1])
def test_a_clock_that_is_a_little_off_is_forgiven(client: Client, later: int) -> None:
    user = make_keeper()
    give_app(user)
    sign_in(client, user)
    client.post(SHOW, {"code": code_now(later=later)})
    assert is_in(client)


@pytest.mark.parametrize("later", [-3, 3])
def test_a_code_of_another_time_is_refused(client: Client, later: int) -> None:
    user = make_keeper()
    give_app(user)
    sign_in(client, user)
    page = client.post(SHOW, {"code": code_now(later=later)})
    assert "Mã không đúng" in page.content.decode()
    assert not is_in(client)
    (line,) = lines("mfa.failed")
    assert (line.decision, line.actor_id, line.reason) == ("denied", user.pk, "code")


def test_a_code_opens_once_even_when_the_cache_forgot_it() -> None:
    user = make_keeper()
    give_app(user)
    code = code_now()
    first, second, earlier = Client(), Client(), Client()
    for client in (first, second, earlier):
        sign_in(client, user)
    first.post(SHOW, {"code": code})
    assert is_in(first)
    cache.clear()
    page = second.post(SHOW, {"code": code})
    assert "Mã không đúng" in page.content.decode()
    assert not is_in(second)
    earlier.post(SHOW, {"code": code_now(later=-1)})
    assert not is_in(earlier)
    assert len(lines("mfa.failed", reason="code used before")) == 2


def test_a_recovery_code_opens_once() -> None:
    user = make_keeper()
    give_app(user)
    code, other = RecoveryCodes.activate(user).generate_codes()[:2]
    for typed, opens in ((code, True), (code, False), (other, True)):
        client = Client()
        sign_in(client, user)
        client.post(SHOW, {"code": typed})
        assert is_in(client) is opens
    assert len(lines("mfa.code_used", actor_id=user.pk)) == 2
    trail = AuditEvent.objects.values_list("reason", "object_id", "fields", "allowed_by")
    assert code not in str(list(trail))


def test_after_six_wrong_codes_the_right_one_does_not_open_either(client: Client) -> None:
    user = make_keeper()
    give_app(user)
    sign_in(client, user)
    for _attempt in range(6):
        assert "Mã không đúng" in client.post(SHOW, {"code": "12"}).content.decode()
    page = client.post(SHOW, {"code": code_now()})
    assert "Đã nhập sai quá nhiều lần" in page.content.decode()
    other = Client(REMOTE_ADDR="10.1.1.1")  # whichever address it comes from
    sign_in(other, user)
    other.post(SHOW, {"code": code_now()})
    assert not is_in(client)
    assert not is_in(other)
    assert len(lines("mfa.failed", actor_id=user.pk)) == 8
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        sign_in(other, user)
        other.post(SHOW, {"code": code_now()})
        assert is_in(other)


def test_the_code_page_is_no_way_round_the_password(client: Client) -> None:
    give_app(make_keeper())
    assert client.get(SHOW).headers["Location"] == LOGIN
    assert client.post(SHOW, {"code": code_now()}).headers["Location"] == LOGIN


# --- a session that knows the password alone --------------------------------------------


def test_such_a_session_must_show_the_factor_not_add_one(client: Client) -> None:
    user = make_keeper()
    give_app(user)
    client.force_login(user)
    for name in ("mfa_index", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        there = reverse(name)
        wanted = f"{AGAIN}?{urlencode({'next': there})}"
        assert client.get(there).headers["Location"] == wanted
    page = client.get(AGAIN).content.decode()
    assert reverse("account_reauthenticate") not in page
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get("/").headers["Location"].startswith(AGAIN)
    there = reverse("records:member_list")
    shown = client.post(AGAIN, {"code": code_now(), "next": there})
    assert shown.headers["Location"] == there
    assert client.get(there).status_code == 200


def test_showing_it_never_leads_to_another_site(client: Client) -> None:
    user = make_keeper()
    give_app(user)
    client.force_login(user)
    answer = client.post(AGAIN, {"code": code_now(), "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_a_factor_guards_itself_where_no_role_asks_for_one(client: Client) -> None:
    user = make_officer("unit_staff")
    give_app(user)
    client.force_login(user)
    assert client.get(reverse("home")).status_code == 200
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert answer.headers["Location"].startswith(AGAIN)
    assert Authenticator.objects.filter(user=user).exists()


@pytest.mark.parametrize("by", ["password", "code"])
def test_proving_it_again_draws_a_new_session_key(by: str) -> None:
    user = make_keeper()
    give_app(user)
    client = Client()
    with time_machine.travel(timezone.now() - timedelta(minutes=2)):
        sign_in(client, user)
        client.post(SHOW, {"code": code_now()})
    before = str(client.session.session_key)
    if by == "password":
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    else:
        client.post(AGAIN, {"code": code_now()})
    after = client.session.session_key
    assert after != before
    assert client.get(reverse("records:member_list")).status_code == 200
    assert UserSession.objects.get(user=user).session_key == after
    old = Client()
    old.cookies[settings.SESSION_COOKIE_NAME] = before
    assert old.get(reverse("records:member_list")).headers["Location"].startswith(LOGIN)


# --- removing ---------------------------------------------------------------------------


def _shown(user: User) -> Client:
    client = Client()
    sign_in(client, user)
    client.post(SHOW, {"code": code_now()})
    assert is_in(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def test_the_last_factor_stays_while_a_role_asks_for_one() -> None:
    user = make_keeper()
    give_app(user)
    client = _shown(user)
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
    client = _shown(user)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user, type="totp").exists()
    client.post(reverse("mfa_remove_webauthn", args=[key.pk]))
    assert Authenticator.objects.filter(pk=key.pk).exists()
    assert [line.decision for line in lines("mfa.removed")] == ["allowed", "denied"]


def test_where_no_role_asks_the_last_one_may_go() -> None:
    user = make_keeper()
    give_app(user)
    RecoveryCodes.activate(user)
    client = _shown(user)
    Role.objects.update(mfa_required=False)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user).exists()


def test_keys_of_others_cannot_be_touched() -> None:
    user, other = make_keeper(), make_keeper()
    give_app(user)
    key = Authenticator.objects.create(user=other, type="webauthn", data={"name": "khóa-lạ"})
    client = _shown(user)
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
    client = _shown(user)
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
