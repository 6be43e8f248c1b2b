"""What the tests of people and accounts share."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse

from security.models import Unit, User
from security.services import PersonFacts, RefusedError, create_user

NEW = reverse("security:person_new")
PEOPLE = reverse("security:people")
PASSWORD = "a long enough phrase"


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sign_in(user: User, settings: Any) -> Client:
    """A browser that came in by the form: such sessions are listed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def page_of(name: str, person: AbstractUser) -> str:
    return reverse(f"security:{name}", args=[person.pk])


def facts(person: User, **changed: Any) -> PersonFacts:
    known: dict[str, Any] = {
        "full_name": person.full_name,
        "post": person.post,
        "unit": person.unit,
        "email": person.email,
    }
    return PersonFacts(**(known | changed))


def add(actor: User | None, username: str, unit: Unit, **fields: Any) -> User:
    return create_user(actor=actor, username=username, full_name="Lê Văn Bảy", unit=unit, **fields)
