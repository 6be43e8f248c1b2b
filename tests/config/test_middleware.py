from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from config.middleware import ProxyAddressMiddleware
from tests.security.make import make_officer


def address_seen(proxies: int, forwarded: str, settings: Any) -> str:
    settings.TRUSTED_PROXIES = proxies

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.META["REMOTE_ADDR"])

    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(headers=headers).get("/", REMOTE_ADDR="10.0.0.9")
    return ProxyAddressMiddleware(view)(request).content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "", "10.0.0.9"),
        (0, "1.2.3.4", "10.0.0.9"),  # nobody to believe
        (1, "", "10.0.0.9"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # the first entry is the caller's own invention
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),  # fewer proxies than declared
        (1, "1.2.3.4, ", "10.0.0.9"),
    ],
)
def test_the_address_behind_proxies(proxies: int, forwarded: str, seen: str, settings: Any) -> None:
    assert address_seen(proxies, forwarded, settings) == seen


@pytest.mark.django_db
def test_a_nul_byte_is_a_bad_request_never_a_server_error(client: Client) -> None:
    client.force_login(make_officer("head"))
    assert client.get("/tasks/", {"unit": "a\0b"}).status_code == 400
    assert client.post("/accounts/login/", {"login": "a\0"}).status_code == 400
    assert client.get("/board/?at=0001-01-01").status_code == 200
