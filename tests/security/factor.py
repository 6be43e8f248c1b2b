"""People with a second factor, and how they sign in with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, Role, User
from tests.security.make import make_officer

PASSWORD = "một-mật-khẩu-dài"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN, SHOW = reverse("account_login"), reverse("mfa_authenticate")
INDEX, AGAIN = reverse("mfa_index"), reverse("mfa_reauthenticate")


@contextmanager
def factor_required() -> Iterator[None]:
    """Keepers need a second factor here; counters of attempts begin at nothing.

    The clock stands: a test must not fail because a new code came up while it ran.
    """
    cache.clear()
    Role.objects.filter(code="keeper").update(mfa_required=True)
    with time_machine.travel(timezone.now(), tick=False):
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


def shown(user: User) -> Client:
    client = Client()
    sign_in(client, user)
    client.post(SHOW, {"code": code_now()})
    assert is_in(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client
