from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from security.models import AuditEvent, User
from security.signin import name_mark
from tests.security.make import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "một-mật-khẩu-dài"
LOGIN = reverse("account_login")


@pytest.fixture
def person() -> User:
    user = make_user(username="hoso")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post(LOGIN, {"login": name, "password": password}).status_code


def test_a_good_sign_in_and_the_sign_out_leave_a_line(client: Client, person: User) -> None:
    assert sign_in(client, "hoso", PASSWORD) == 302
    client.post(reverse("account_logout"))
    lines = AuditEvent.objects.filter(actor_id=person.pk).order_by("id")
    assert [(line.action, line.decision) for line in lines] == [
        ("signin", "allowed"),
        ("signout", "allowed"),
    ]
    assert lines[0].address == "127.0.0.1"
    assert lines[0].session == lines[1].session != ""


@pytest.mark.parametrize("name", ["hoso", "nobody", "my-secret-typed-here"])
def test_a_failed_sign_in_leaves_a_line_without_the_name(
    client: Client, person: User, name: str
) -> None:
    assert sign_in(client, name, "wrong") == 200
    line = AuditEvent.objects.get(action="signin")
    assert (line.action, line.decision, line.actor_id) == ("signin", "denied", None)
    assert line.reason == f"name {name_mark(name)}"
    assert name not in str(vars(line))


def test_known_and_unknown_names_get_the_same_answer(client: Client, person: User) -> None:
    answers = [
        client.post(LOGIN, {"login": name, "password": "wrong"}).context["form"].errors.as_text()
        for name in ("hoso", "nobody")
    ]
    assert answers[0] == answers[1] != ""


def test_six_failures_lock_the_name_from_that_address(client: Client, person: User) -> None:
    answers = [sign_in(client, "hoso", "wrong") for _attempt in range(6)]
    assert answers[:5] == [200] * 5
    assert answers[5] == 429
    page = client.post(LOGIN, {"login": "hoso", "password": PASSWORD})
    assert page.status_code == 429
    assert "account/locked.html" in {template.name for template in page.templates}
    assert sign_in(client, "other", "wrong") == 200
    assert "_auth_user_id" not in client.session


def test_a_script_is_told_no_more_than_a_page_of_a_locked_name(
    client: Client, person: User
) -> None:
    script = {"x-requested-with": "XMLHttpRequest", "accept": "application/json"}
    for _attempt in range(7):
        answer = client.post(LOGIN, {"login": "hoso", "password": "wrong"}, headers=script)
    assert answer.status_code == 429
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "hoso" not in answer.content.decode()


def test_a_disabled_account_cannot_sign_in(client: Client, person: User) -> None:
    person.is_active = False
    person.save()
    sign_in(client, "hoso", PASSWORD)
    assert "_auth_user_id" not in client.session
