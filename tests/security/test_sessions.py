"""How long a session lasts, what ends it, and that nothing of it can be used afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from security import sessions
from security.models import AuditEvent, RoleGrant, User
from security.services import end_role
from security.services.sessions import clear_dead_sessions
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "thuyền ra khơi 9"
LOGIN = reverse("account_login")
TRAIL = reverse("security:trail")
NAME = django_settings.SESSION_COOKIE_NAME
MORNING = datetime(2026, 6, 10, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_reader(**fields: Any) -> User:
    """Somebody who may open the trail, with a password."""
    user = make_officer("security_officer", **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User, *, agent: str = "") -> Client:
    """A browser that signed in by the form."""
    client = Client(headers={"user-agent": agent} if agent else None)
    answer = client.post(LOGIN, {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def why(answer: Any) -> str:
    """Where a page was sent to sign in, and why; empty if it was shown."""
    if answer.status_code == 200:
        return ""
    there = urlsplit(answer.headers["Location"])
    assert there.path == LOGIN
    ended: str = parse_qs(there.query).get("ended", ["?"])[0]
    return ended


def ends_on_the_trail() -> list[tuple[int | None, str]]:
    rows = AuditEvent.objects.filter(action="session.ended").order_by("id")
    return list(rows.values_list("actor_id", "reason"))


# --- limits of time -----------------------------------------------------------------------


def test_left_alone_for_half_an_hour_it_ends_with_a_reason() -> None:
    user = make_reader()
    with time_machine.travel(MORNING, tick=False) as clock:
        client = signed_in(user)
        clock.shift(29 * MINUTE)
        assert why(client.get(TRAIL)) == ""
        clock.shift(30 * MINUTE)
        answer = client.get(f"{TRAIL}?denied=1")
        assert why(answer) == "idle"
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == [f"{TRAIL}?denied=1"]
    assert ends_on_the_trail() == [(user.pk, "idle")]
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
    text = client.get(answer.headers["Location"]).content.decode()
    assert "nửa giờ" in text


def test_ten_hours_end_it_however_busy() -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client = signed_in(make_reader())
        for _time in range(29):
            clock.shift(20 * MINUTE)
            assert why(client.get(TRAIL)) == ""
        clock.shift(20 * MINUTE)
        assert why(client.get(TRAIL)) == "old"


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in() -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client = signed_in(make_reader())
        for _time in range(29):
            clock.shift(MINUTE)
            assert why(client.get(TRAIL, headers={"x-refresh": "1"})) == ""
        clock.shift(MINUTE)
        assert why(client.get(TRAIL, headers={"x-refresh": "1"})) == "idle"


def test_activity_is_written_once_a_minute(django_assert_num_queries: Any) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client = signed_in(make_reader())
        key = client.cookies[NAME].value
        before = Session.objects.get(pk=key).session_data
        clock.shift(timedelta(seconds=59))
        client.get(TRAIL)
        assert Session.objects.get(pk=key).session_data == before
        assert UserSession.objects.get().last_seen_at == MORNING
        clock.shift(timedelta(seconds=1))
        client.get(TRAIL)
        assert Session.objects.get(pk=key).session_data != before
        assert UserSession.objects.get().last_seen_at == MORNING + MINUTE


def test_it_costs_one_query_for_the_roles(django_assert_num_queries: Any) -> None:
    client = signed_in(make_user_with_password())
    with django_assert_num_queries(3):  # session, person, roles
        assert client.get(reverse("account_logout")).status_code == 200


def make_user_with_password() -> User:
    user = make_user()
    user.set_password(PASSWORD)
    user.save()
    return user


# --- roles and accounts -------------------------------------------------------------------


def test_a_role_that_expires_ends_the_session_at_the_next_request() -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        user = make_user_with_password()
        grant_role(user, "security_officer", valid_to=MORNING + 10 * MINUTE)
        client = signed_in(user)
        clock.shift(9 * MINUTE)
        assert why(client.get(TRAIL)) == ""
        clock.shift(MINUTE)
        answer = client.get(TRAIL)
        assert why(answer) == "role"
        assert "vai trò" in client.get(answer.headers["Location"]).content.decode().lower()
    assert ends_on_the_trail() == [(user.pk, "role")]


def test_a_role_that_is_taken_away_ends_the_session() -> None:
    user = make_reader()
    grant_role(user, "unit_staff")
    client = signed_in(user)
    grant = RoleGrant.objects.get(user=user, role="unit_staff")
    end_role(actor=None, grant=grant, now=datetime.now(UTC), reason="test")
    assert why(client.get(TRAIL)) == "role"
    again = signed_in(user)
    assert why(again.get(TRAIL)) == ""


def test_a_delegated_role_ends_the_session_with_its_origin() -> None:
    unit = make_unit()
    leader, deputy = make_officer("unit_head", unit=unit), make_user_with_password()
    origin = RoleGrant.objects.get(user=leader)
    passed_on = grant_role(deputy, "unit_head", unit)
    RoleGrant.objects.filter(pk=passed_on.pk).update(
        delegated_from=origin, valid_to=datetime.now(UTC) + timedelta(days=9)
    )
    client = signed_in(deputy)
    assert why(client.get(reverse("account_home"))) == ""
    end_role(actor=None, grant=origin, now=datetime.now(UTC), reason="test")
    assert why(client.get(reverse("account_home"))) == "role"


def test_a_new_role_is_taken_up_silently_and_watched_from_then_on() -> None:
    user = make_user_with_password()
    client = signed_in(user)
    grant = grant_role(user, "security_officer")
    assert client.get(TRAIL).status_code == 200
    end_role(actor=None, grant=grant, now=datetime.now(UTC), reason="test")
    assert why(client.get(TRAIL)) == "role"


def test_a_disabled_account_is_out_at_the_next_request() -> None:
    user = make_reader()
    client = signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert why(client.get(TRAIL)) == "closed"
    assert ends_on_the_trail() == [(user.pk, "closed")]
    assert not Session.objects.exists()


def test_a_password_changed_by_somebody_else_ends_the_session() -> None:
    user = make_reader()
    client = signed_in(user)
    user.set_password("another long phrase 7")
    user.save()
    assert why(client.get(TRAIL)) == "closed"


def test_sessions_that_nobody_can_use_are_cleared_away() -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        abandoned, used = signed_in(make_reader()), signed_in(make_reader())
        clock.shift(20 * MINUTE)
        used.get(TRAIL)
        clock.shift(20 * MINUTE)
        assert clear_dead_sessions(now=MORNING + 40 * MINUTE) == 1
        assert not Session.objects.filter(pk=abandoned.session.session_key).exists()
        assert UserSession.objects.count() == 1
        assert why(used.get(TRAIL)) == ""
        assert clear_dead_sessions(now=MORNING + timedelta(hours=11)) == 1
        assert not UserSession.objects.exists()


# --- how the answer reaches each kind of caller -------------------------------------------


def over(user: User | None = None) -> Client:
    """A browser whose session has just been over for a while."""
    client = signed_in(user or make_reader())
    session = client.session
    session[sessions.SEEN] -= 31 * 60
    session.save()
    return client


def test_a_partial_is_answered_with_a_way_for_the_whole_page() -> None:
    answer = over().get(
        TRAIL, headers={"hx-request": "true", "hx-current-url": "http://testserver/tasks/?a=1"}
    )
    there = answer.headers["HX-Redirect"]
    assert parse_qs(urlsplit(there).query) == {"ended": ["idle"], "next": ["/tasks/?a=1"]}
    assert answer.content == b""


def test_a_foreign_page_cannot_name_where_to_go_back_to() -> None:
    answer = over().post(TRAIL, headers={"referer": "https://evil.example/x"})
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == ["/x"]


def test_a_script_that_wants_data_gets_401() -> None:
    answer = over().post(TRAIL, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Hãy đăng nhập lại."})


def test_the_api_refuses() -> None:
    assert over().get("/api/v1/schema/").status_code in {401, 403}
    assert ends_on_the_trail()[0][1] == "idle"


def test_a_post_after_the_end_changes_nothing() -> None:
    user = make_reader()
    client = over(user)
    fields = {
        "oldpassword": PASSWORD,
        "password1": "con thuyền xa 77",
        "password2": "con thuyền xa 77",
    }
    assert why(client.post(reverse("account_change_password"), fields)) == "idle"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_sign_in_page_itself_opens_after_the_end() -> None:
    assert over().get(LOGIN).status_code == 200


# --- signing in and out -------------------------------------------------------------------


def test_signing_out_deletes_the_session() -> None:
    client = signed_in(make_reader())
    old = client.cookies[NAME].value
    client.post(reverse("account_logout"))
    assert not Session.objects.filter(pk=old).exists()
    assert not UserSession.objects.exists()


def test_a_page_opened_after_signing_out_shows_nothing() -> None:
    client = signed_in(make_reader())
    old = client.cookies[NAME].value
    client.post(reverse("account_logout"))
    replayed = Client()
    replayed.cookies[NAME] = old
    for browser in (client, replayed):
        answer = browser.get(TRAIL)
        assert answer.status_code == 302
        assert urlsplit(answer.headers["Location"]).path == LOGIN


@pytest.mark.parametrize("forged", ["", "x", "a" * 32, "../../etc", "a" * 5000, "é", "'; --"])
def test_a_forged_session_id_is_nobody(forged: str) -> None:
    make_reader()
    client = Client()
    client.cookies[NAME] = forged
    answer = client.get(TRAIL)
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).path == LOGIN


def test_the_key_changes_at_sign_in() -> None:
    """A key that somebody else planted before is worth nothing afterwards."""
    user = make_reader()
    attacker = Client()
    session = attacker.session
    session["planted"] = 1
    session.save()
    planted = str(session.session_key)
    victim = Client()
    victim.cookies[NAME] = planted
    victim.post(LOGIN, {"login": user.username, "password": PASSWORD})
    assert victim.cookies[NAME].value != planted
    attacker.cookies[NAME] = planted
    assert attacker.get(TRAIL).status_code == 302


def test_signing_in_as_another_person_takes_nothing_along() -> None:
    first, second = make_reader(), make_user_with_password()
    client = signed_in(first)
    session = client.session
    session["mine"] = "secret"
    session.save()
    client.post(reverse("account_logout"))
    client.post(LOGIN, {"login": second.username, "password": PASSWORD})
    assert "mine" not in client.session
    assert client.session[sessions.GRANTS] == []


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "http://localhost:9/",
        "http://127.0.0.1/",
        "https:evil.example",
        "\thttps://evil.example/",
    ],
)
def test_the_way_back_never_leads_elsewhere(wanted: str) -> None:
    user = make_reader()
    fields = {"login": user.username, "password": PASSWORD, "next": wanted}
    answer = Client().post(LOGIN, fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_the_way_back_leads_back() -> None:
    user = make_reader()
    fields = {"login": user.username, "password": PASSWORD, "next": TRAIL}
    assert Client().post(LOGIN, fields).headers["Location"] == TRAIL


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "a b", "localhost,evil"]
)
def test_a_foreign_host_header_is_refused(host: str) -> None:
    assert Client().get(LOGIN, headers={"host": host}).status_code == 400


def test_a_forwarded_host_is_not_believed() -> None:
    answer = Client().get(TRAIL, headers={"x-forwarded-host": "evil.example"})
    assert "evil" not in answer.headers["Location"]
