from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from security.mfa.middleware import ALWAYS_OPEN, MANAGING
from security.models import AuditEvent
from security.services.tokens import create_token
from tests.security.factor import (
    AGAIN,
    INDEX,
    LOGIN,
    PASSWORD,
    SHOW,
    code_now,
    factor_required,
    give_app,
    is_in,
    lines,
    make_keeper,
    sign_in,
)
from tests.security.make import grant_role, make_officer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_for() -> Iterator[None]:
    with factor_required():
        yield


# --- required, enrolling ----------------------------------------------------------------


def test_who_must_have_a_factor_is_led_to_set_one_up(client: Client) -> None:
    user = make_keeper()
    sign_in(client, user)
    answer = client.get(reverse("records:member_list"))
    assert (answer.status_code, answer.headers["Location"]) == (302, INDEX)
    page = client.get(INDEX).content.decode()
    assert reverse("mfa_activate_totp") in page
    assert reverse("mfa_add_webauthn") in page
    assert "Vai trò của đồng chí yêu cầu" in page
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
        assert "Vai trò của đồng chí yêu cầu" in answer.json()["detail"]
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
    assert "Vai trò của đồng chí yêu cầu" not in page
    assert 'class="topnav"' in page


def test_asking_costs_no_query(settings: Any) -> None:
    user, there = make_officer("unit_staff"), reverse("home")
    all_of_it = settings.MIDDLEWARE
    without = [name for name in all_of_it if not name.startswith("security.mfa.")]
    assert len(without) == len(all_of_it) - 1
    counts = []
    for chain in (all_of_it, without):
        settings.MIDDLEWARE = chain
        client = Client()
        client.force_login(user)
        client.get(there)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(there).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_token_made_with_the_factor_works_without_it() -> None:
    """A program cannot show one; whoever made its token did, and gave it a few actions only."""
    user = make_keeper()
    _token, plain = create_token(actor=user, name="x", actions=["records.view"], now=timezone.now())
    headers = {"authorization": f"Bearer {plain}"}
    assert Client().get("/api/v1/members/", headers=headers).status_code == 200
    client = Client()
    client.force_login(user)
    assert client.get(reverse("account_tokens")).headers["Location"] == INDEX


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
