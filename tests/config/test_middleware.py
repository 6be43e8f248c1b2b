from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from config.middleware import ProxyAddressMiddleware
from security.models import Invitation
from tests.security.make import make_officer, make_user


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


@pytest.mark.django_db
def test_an_address_that_only_takes_a_form_says_so_instead_of_a_blank_page(client: Client) -> None:
    """What the address bar asks for once more after a one-time link was shown."""
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    client.force_login(admin)
    link = reverse("security:person_link", args=[person.pk])
    assert client.post(link).status_code == 200
    made = Invitation.objects.get()
    answer = client.get(link)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "không hiện lại" in answer.content.decode()
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert Invitation.objects.get() == made
    assert client.get(link, headers={"Accept": "application/json"}).content == b""
