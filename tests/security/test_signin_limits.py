"""Two limits together: by (name, address), and slowly by name wherever it comes from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from security.models import AuditEvent, User
from security.signin import name_mark, signed_in_here_before
from security.tasks import clear_sessions
from tests.security.make import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "một-mật-khẩu-dài"
LOGIN = reverse("account_login")
NOON = datetime(2026, 6, 10, 5, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    """Hundreds of attempts: what is counted here does not depend on how slow a hash is."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person() -> User:
    user = make_user(username="hoso")
    user.set_password(PASSWORD)
    user.save()
    return user


def attempt(name: str, password: str, address: str, **extra: str) -> int:
    client = Client(REMOTE_ADDR=address)
    return client.post(LOGIN, {"login": name, "password": password}, headers=extra).status_code


def attack(name: str, times: int) -> list[int]:
    """Wrong attempts, each from an address of its own."""
    return [attempt(name, "wrong", f"203.0.113.{i}") for i in range(times)]


def test_a_name_attacked_from_many_addresses_is_slowed_down(person: User) -> None:
    assert set(attack("hoso", 30)) == {200}
    refused = Client(REMOTE_ADDR="203.0.113.99").post(
        LOGIN, {"login": "hoso", "password": PASSWORD}
    )
    assert refused.status_code == 429
    text = refused.content.decode()
    assert '<html lang="vi">' in text
    assert "hoso" not in text
    last = AuditEvent.objects.filter(action="signin").latest("id")
    assert (last.decision, last.reason) == ("denied", f"name {name_mark('hoso')}, slowed down")
    assert attempt("another", "wrong", "203.0.113.99") == 200


def test_an_unknown_name_is_slowed_down_alike(person: User) -> None:
    assert set(attack("nobody", 30)) == {200}
    assert attempt("nobody", "wrong", "203.0.113.99") == 429


def test_the_slow_limit_ends_after_an_hour(person: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        attack("hoso", 30)
        assert attempt("hoso", PASSWORD, "203.0.113.99") == 429
        clock.shift(timedelta(minutes=61))
        assert attempt("hoso", PASSWORD, "203.0.113.99") == 302


def test_the_person_attacked_still_enters_at_his_own_desk(person: User) -> None:
    assert attempt("hoso", PASSWORD, "10.0.0.5") == 302
    attack("hoso", 30)
    assert attempt("hoso", PASSWORD, "203.0.113.99") == 429
    assert attempt("hoso", PASSWORD, "10.0.0.5") == 302


def test_his_own_desk_is_still_locked_after_six(person: User) -> None:
    assert attempt("hoso", PASSWORD, "10.0.0.5") == 302
    answers = [attempt("hoso", "wrong", "10.0.0.5") for _time in range(6)]
    assert answers == [200] * 5 + [429]
    assert attempt("hoso", PASSWORD, "10.0.0.5") == 429


def test_colleagues_at_the_attackers_address_are_not_locked_out(person: User) -> None:
    for number in range(40):
        attempt(f"guess{number}", "wrong", "10.0.0.5")
    for _time in range(8):
        attempt("other", "wrong", "10.0.0.5")
    assert attempt("hoso", PASSWORD, "10.0.0.5") == 302


def test_one_address_alone_cannot_shut_a_name_for_an_hour(person: User) -> None:
    """It is locked itself long before: what it does then no longer counts for the name."""
    with time_machine.travel(NOON, tick=False) as clock:
        for _quarter in range(4):
            for _time in range(40):
                attempt("hoso", "wrong", "203.0.113.1")
            clock.shift(timedelta(minutes=15, seconds=1))
        assert attempt("hoso", PASSWORD, "10.0.0.5") == 302


def test_another_host_header_begins_no_new_count(person: User) -> None:
    hosts = ["localhost", "127.0.0.1", "localhost:81", "localhost:82"]
    for number in range(30):
        attempt("hoso", "wrong", f"203.0.113.{number}", host=hosts[number % 4])
    assert attempt("hoso", "wrong", "203.0.113.99", host="localhost:99") == 429


def test_another_case_of_the_name_begins_no_new_count(person: User) -> None:
    for number in range(30):
        attempt(("hoso", "HOSO", "Hoso")[number % 3], "wrong", f"203.0.113.{number}")
    assert attempt("hoso", PASSWORD, "203.0.113.99") == 429


def test_good_sign_ins_use_nothing_up(person: User) -> None:
    for number in range(32):
        assert attempt("hoso", PASSWORD, f"10.1.0.{number}") == 302


def test_a_forged_forwarding_header_changes_no_address(person: User) -> None:
    for number in range(6):
        headers = {"x-forwarded-for": f"198.51.100.{number}"}
        answer = attempt("hoso", "wrong", "203.0.113.1", **headers)
    assert answer == 429
    addresses = AuditEvent.objects.filter(action="signin").values_list("address", flat=True)
    assert set(addresses) == {"203.0.113.1"}


def test_names_as_they_were_typed_are_forgotten_after_a_day(person: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        attempt("my-secret-typed-here", "wrong", "10.0.0.5")
        attempt("hoso", PASSWORD, "10.0.0.5")
        clear_sessions()
        assert AccessAttempt.objects.count() == 1
        assert "my-secret" not in AccessAttempt.objects.get().post_data
        clock.shift(timedelta(hours=25))
        clear_sessions()
        assert not AccessAttempt.objects.exists()
        assert signed_in_here_before("hoso", "10.0.0.5", now=NOON + timedelta(days=29))
        clock.shift(timedelta(days=30))
        clear_sessions()
        assert not AccessLog.objects.exists()


def test_changing_the_password_is_limited_per_person(person: User) -> None:
    client = Client()
    client.force_login(person)
    fields = {"oldpassword": "wrong", "password1": "x", "password2": "y"}
    answers = [client.post(reverse("account_change_password"), fields) for _time in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 'class="plain-page"' in answers[-1].content.decode()
    assert cache.get("nothing") is None  # the cache's table is there


@pytest.mark.django_db(transaction=True)
def test_attempts_at_the_same_moment_are_counted_one_by_one() -> None:
    make_user(username="hoso")

    def one(number: int) -> int:
        try:
            return attempt("hoso", "wrong", f"203.0.113.{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(48)))
    assert set(answers) == {200, 429}
    assert answers.count(200) <= 30
