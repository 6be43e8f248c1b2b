"""Asks every kind of answer for its headers and cookies, under the settings of the environment.

Run as a process of its own (settings are read once), on the tests' database; writes nothing that
stays. One JSON object: name of the answer → status, headers, cookies.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.exceptions import PermissionDenied  # noqa: E402
from django.db import transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import URLPattern, URLResolver, include, path, reverse  # noqa: E402

from security.files import receive  # noqa: E402
from security.models import Role  # noqa: E402
from security.services import load_roles  # noqa: E402
from tests.digitization.make import make_dossier, make_pages, make_room  # noqa: E402
from tests.security.links import picture  # noqa: E402
from tests.security.make import grant_role  # noqa: E402

PASSWORD = "thuyền ra khơi 9"


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


urlpatterns: list[URLPattern | URLResolver] = [
    path("probe/forbidden/", forbidden),
    path("probe/broken/", broken),
    path("", include("config.urls")),
]


def told(answer: Any) -> dict[str, Any]:
    return {
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "cookies": {
            name: {key: value for key, value in one.items() if value}
            for name, one in answer.cookies.items()
        },
    }


def anonymous(secure: dict[str, Any]) -> dict[str, Any]:
    client = Client(raise_request_exception=False)
    strict = Client(raise_request_exception=False, enforce_csrf_checks=True)
    login = reverse("account_login")
    return {
        "sign-in page": client.get(login, **secure),
        "turned away": client.get("/", **secure),
        "language": client.post(reverse("set_language"), {"language": "en"}, **secure),
        "static": client.get("/static/css/sauro.css", **secure),
        "csrf": strict.post(login, {"login": "a", "password": "b"}, **secure),
        "bad host": client.get(login, headers={"host": "evil.example"}, **secure),
        "nul": client.get("/%00", **secure),
        "api anonymous": client.get("/api/v1/schema/", **secure),
        "wrong link": client.get(reverse("account_invitation", args=["x"]), **secure),
        "plain http": client.get(login),
    }


def signed_in(secure: dict[str, Any]) -> dict[str, Any]:
    room = make_room()
    for role in ("head", "security_officer", "operator", "keeper"):
        grant_role(room.operator, role)
    room.operator.set_password(PASSWORD)
    room.operator.save()
    [page] = make_pages(make_dossier(room))
    page.derivative = receive([b"picture"], unit=room.unit, level=page.level, max_bytes=9).blob
    page.save(update_fields=["derivative"])
    client = Client(raise_request_exception=False)
    entered = client.post(
        reverse("account_login"), {"login": room.operator.username, "password": PASSWORD}, **secure
    )
    partial = {"hx-request": "true"}
    return {
        "signed in": entered,
        "page": client.get(reverse("security:trail"), **secure),
        "own page": client.get(reverse("account_home"), **secure),
        "home": client.get("/", **secure),
        "partial": client.get(reverse("digitization:home"), headers=partial, **secure),
        "api": client.get("/api/v1/schema/", **secure),
        "api data": client.get("/api/v1/members/", **secure),
        "file": client.get(picture(client, page.pk), **secure),
        "404": client.get("/no/such/page/", **secure),
        "403": client.get("/probe/forbidden/", **secure),
        "500": client.get("/probe/broken/", **secure),
        "405": client.post(reverse("security:trail"), **secure),
        "signed out": client.post(reverse("account_logout"), **secure),
    }


def probe() -> dict[str, Any]:
    secure = {"secure": settings.HTTPS}
    with transaction.atomic():
        load_roles()  # a test that committed may have emptied the tables
        Role.objects.update(mfa_required=False)
        answers = anonymous(secure) | signed_in(secure)
        found = {name: told(answer) for name, answer in answers.items()}
        transaction.set_rollback(True)
    return found


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as place,
        override_settings(
            ROOT_URLCONF="tests.config.headers_probe",
            ALLOWED_HOSTS=["testserver"],
            DATA_DIR=Path(place),
            WHITENOISE_AUTOREFRESH=True,
            WHITENOISE_USE_FINDERS=True,
        ),
    ):
        json.dump(probe(), sys.stdout)
