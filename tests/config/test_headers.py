"""Headers and cookies of every kind of answer, over HTTPS and as ``bin/run`` serves locally.

The settings are read once, so each way is asked in a process of its own (headers_probe).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from django.conf import settings

from tests.conftest import test_database_url as database_url

Answers = dict[str, dict[str, Any]]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}
PERSONAL = ["signed in", "page", "own page", "home", "partial", "api", "api data", "file"]
PERSONAL += ["404", "403", "500", "405", "sign-in page", "wrong link"]
EXPECTED = {
    "sign-in page": 200, "turned away": 302, "language": 302, "static": 200, "csrf": 403,
    "bad host": 400, "nul": 400, "api anonymous": 401, "wrong link": 302, "signed in": 302,
    "page": 200, "own page": 200, "home": 302, "partial": 200, "api": 200, "api data": 200,
    "file": 200, "404": 404, "403": 403, "500": 500, "405": 405, "signed out": 302,
}  # fmt: skip


@cache
def ask(*, https: bool) -> Answers:
    done = subprocess.run(
        [sys.executable, "-m", "tests.config.headers_probe"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(),
            "HTTPS": str(https),
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: Answers = json.loads(done.stdout)
    return found


# Of the module, so that they are made before a test holds locks in a transaction of its own.
@pytest.fixture(scope="module")
def over_https(django_db_setup: None) -> Answers:
    return ask(https=True)


@pytest.fixture(scope="module")
def over_http(django_db_setup: None) -> Answers:
    return ask(https=False)


@pytest.fixture(scope="module", params=[True, False], ids=["https", "http"])
def answers(request: pytest.FixtureRequest, django_db_setup: None) -> Answers:
    return ask(https=request.param)


def policy_of(answer: dict[str, Any]) -> dict[str, str]:
    parts = answer["headers"]["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts if " " in part.strip())


def without(answers: Answers, *names: str) -> list[tuple[str, dict[str, Any]]]:
    """All answers but those, with their names; the redirect to HTTPS is tested apart."""
    return [(name, one) for name, one in answers.items() if name not in {"plain http", *names}]


@pytest.mark.django_db
def test_each_kind_of_answer_is_what_it_should_be(answers: Answers) -> None:
    assert {name: one["status"] for name, one in without(answers)} == EXPECTED


@pytest.mark.django_db
def test_the_content_policy_allows_nothing_inline(answers: Answers) -> None:
    for name, answer in without(answers, "file"):
        assert policy_of(answer) == POLICY, name
    for name, answer in answers.items():
        assert "unsafe" not in answer["headers"]["Content-Security-Policy"], name
        assert "*" not in answer["headers"]["Content-Security-Policy"], name
    assert answers["file"]["headers"]["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db
def test_every_answer_bears_the_headers(answers: Answers) -> None:
    for name, answer in without(answers):
        headers = answer["headers"]
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        told = "no-referrer" if name == "file" else "same-origin"  # its address bears a link
        assert headers["Referrer-Policy"] == told, name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "camera=()" in headers["Permissions-Policy"], name
        assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(headers), name


@pytest.mark.django_db
def test_nothing_personal_is_kept_by_a_cache(answers: Answers) -> None:
    for name in PERSONAL:
        assert "no-store" in answers[name]["headers"]["Cache-Control"], name
        assert "private" in answers[name]["headers"]["Cache-Control"], name
    for name in ("page", "own page", "partial"):
        assert "Cookie" in answers[name]["headers"]["Vary"], name


@pytest.mark.django_db
def test_cookies_are_bound_to_this_very_host_over_https(over_https: Answers) -> None:
    names = set()
    for name, answer in over_https.items():
        for cookie, flags in answer["cookies"].items():
            names.add(cookie)
            assert cookie.startswith("__Host-"), name
            assert flags["path"] == "/", name
            assert "domain" not in flags, name
            assert flags["samesite"] == "Lax", name
            if flags.get("max-age") != 0 and "expires" not in flags:
                assert (flags["secure"], flags["httponly"]) == (True, True), (name, cookie)
    assert names == {"__Host-session", "__Host-csrf", "__Host-language"}


@pytest.mark.django_db
def test_cookies_of_the_local_start(over_http: Answers) -> None:
    names = set()
    for answer in over_http.values():
        for cookie, flags in answer["cookies"].items():
            names.add(cookie)
            assert flags["samesite"] == "Lax"
            if flags.get("max-age") != 0 and "expires" not in flags:
                assert flags["httponly"] is True
    assert names == {"session", "csrf", "django_language"}


@pytest.mark.django_db
def test_a_session_cookie_ends_with_the_browser(answers: Answers) -> None:
    [cookie] = [v for k, v in answers["signed in"]["cookies"].items() if "session" in k]
    assert "max-age" not in cookie
    assert "expires" not in cookie


@pytest.mark.django_db
def test_https_is_insisted_on(over_https: Answers, over_http: Answers) -> None:
    for name, answer in without(over_https):
        said = answer["headers"]["Strict-Transport-Security"]
        assert said == "max-age=31536000; includeSubDomains", name
    moved = over_https["plain http"]
    assert moved["status"] == 301
    assert moved["headers"]["Location"].startswith("https://testserver/accounts/login/")
    assert over_http["plain http"]["status"] == 200
    assert all("Strict-Transport-Security" not in one["headers"] for one in over_http.values())


@pytest.mark.django_db
def test_errors_say_nothing_of_the_inside(answers: Answers) -> None:
    assert answers["bad host"]["headers"]["Content-Type"].startswith("text/html")
    assert answers["500"]["headers"]["Content-Type"].startswith("text/html")
