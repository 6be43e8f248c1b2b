"""Bad input to the API: a clean refusal in the reader's language, nothing shown, never a fault."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from campaign.api.base import Asked, WrittenPartViewSet
from config.api import urlpatterns
from records.models import Member
from security.actions import TOKEN_ACTIONS
from security.api.viewsets import ProtectedViewSet
from security.models import AuditEvent, User
from tests.records.make import make_member
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/members/"
TASKS = "/api/v1/tasks/"


@pytest.fixture(autouse=True)
def _no_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def keeper() -> User:
    return make_officer("keeper")


@pytest.fixture
def shown(keeper: User) -> Member:
    return make_member("Lê Thị Mình", unit=keeper.unit)


def cursor(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


BAD_QUERIES = [
    {"unit": "x"},
    {"unit": "-1"},
    {"unit": "１２"},
    {"unit": "٣"},
    {"unit": "9" * 40},
    {"unit": ["1", "2"]},
    {"q": "a" * 81},
    {"status": "s" * 41},
    {"page_size": "100000"},
    {"ordering": "religion"},
    {"religion": "02"},
    {"person__religion": "02"},
    {"masked": "0"},
    {"format": "api"},
    {"format": "xml"},
    {"cursor": "x"},
    {"cursor": "ầ"},
    {"cursor": cursor("p=abc")},
    {"cursor": cursor("p=" + "9" * 30)},
    {"cursor": cursor(b"p=1%00")},
    {"cursor": cursor(b"p=\xff")},
    {"cursor": cursor("p=1&" * 60)},
    {"cursor": cursor("o=x&p=1")},
    {"q": "a\x00b"},
]


@pytest.mark.parametrize("query", BAD_QUERIES, ids=str)
def test_a_list_refuses_what_it_does_not_know(
    client: Client, keeper: User, shown: Member, query: dict[str, Any]
) -> None:
    client.force_login(keeper)
    answer = client.get(MEMBERS, query)
    assert answer.status_code in {400, 404}
    assert answer.headers["Content-Type"] == "application/json"
    said = answer.json()
    assert said["code"] in {"bad_request", "bad_parameter", "not_found"}
    assert "Mình" not in answer.content.decode()


def test_a_refusal_names_the_parameter_and_speaks_the_readers_language(
    client: Client, keeper: User
) -> None:
    client.force_login(keeper)
    said = client.get(MEMBERS, {"ordering": "religion"}).json()
    assert said["code"] == "bad_parameter"
    assert list(said["parameters"]) == ["ordering"]
    vietnamese = said["detail"]
    client.cookies["django_language"] = "en"
    english = client.get(MEMBERS, {"ordering": "religion"}).json()["detail"]
    assert (vietnamese, english) == (
        "Yêu cầu này không hợp lệ.",
        "This request cannot be understood.",
    )


def test_a_cursor_of_the_list_itself_is_good(client: Client, keeper: User, settings: Any) -> None:
    for number in range(51):
        make_member(f"Người {number}", unit=keeper.unit)
    client.force_login(keeper)
    first = client.get(MEMBERS).json()
    second = client.get(first["next"]).json()
    assert (len(first["results"]), len(second["results"])) == (50, 1)
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    "pk", ["9" * 18, "9" * 19, "9" * 400, "٣", "１", "0x1", "1e1", "-1", "1.0"]
)
def test_ids_that_are_none_are_not_found(client: Client, keeper: User, pk: str) -> None:
    client.force_login(keeper)
    answer = client.get(f"{MEMBERS}{pk}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_digits_of_another_script_do_not_open_a_row(
    client: Client, keeper: User, shown: Member
) -> None:
    client.force_login(keeper)
    fullwidth = "".join(chr(0xFF10 + int(digit)) for digit in str(shown.pk))
    assert client.get(f"{MEMBERS}{shown.pk}/").status_code == 200
    assert client.get(f"{MEMBERS}{fullwidth}/").status_code == 404


@pytest.mark.parametrize("name", ["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"])
def test_no_header_turns_reading_into_writing(
    client: Client, keeper: User, shown: Member, name: str
) -> None:
    client.force_login(keeper)
    assert client.get(f"{MEMBERS}{shown.pk}/", headers={name: "DELETE"}).status_code == 200
    answer = client.post(f"{MEMBERS}{shown.pk}/", {"_method": "GET"}, headers={name: "GET"})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert Member.objects.filter(pk=shown.pk).exists()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("address", [MEMBERS, f"{MEMBERS}1/", "/api/v1/schema/"])
def test_methods_that_are_not_there(
    client: Client, keeper: User, method: str, address: str
) -> None:
    client.force_login(keeper)
    answer = getattr(client, method)(address)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "a/b/c", "../x"])
def test_an_answer_that_is_not_json_is_not_acceptable(
    client: Client, keeper: User, accept: str
) -> None:
    client.force_login(keeper)
    answer = client.get(MEMBERS, headers={"accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("address", ["/api/v1/", "/api/v1/users/", "/api/v1/members/1/files/"])
def test_an_address_that_is_none_answers_in_json(
    client: Client, keeper: User, address: str
) -> None:
    assert client.get(address).status_code == 401
    client.force_login(keeper)
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.content == client.get(f"{MEMBERS}999999/").content


def test_a_session_still_needs_its_csrf_token(keeper: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(keeper)
    answer = strict.post(MEMBERS, json.dumps({}), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_csrf_token")


@pytest.mark.parametrize(
    ("address", "action"), [(TASKS, "campaign.view"), (MEMBERS, "records.view")]
)
def test_lists_without_the_right_do_not_exist_and_the_trail_says_who_tried(
    client: Client, address: str, action: str
) -> None:
    officer = make_officer("operator")
    client.force_login(officer)
    for asked in (address, f"{address}1/"):
        answer = client.get(asked)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    tried = AuditEvent.objects.filter(actor_id=officer.pk, decision="denied").order_by("id")
    assert [row.action for row in tried] == [action, "read"]
    assert tried[0].reason == address
    assert tried[1].object_id == "1"


def test_too_many_calls_are_told_to_wait(client: Client, keeper: User, settings: Any) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "calls": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    client.force_login(keeper)
    told = {"x-forwarded-for": "203.0.113.9"}
    codes = [client.get(MEMBERS, headers=told).status_code for _call in range(2)]
    answer = client.get(MEMBERS, headers={"x-forwarded-for": "203.0.113.10"})
    assert (codes, answer.status_code) == ([200, 200], 429)
    assert answer.json()["code"] == "too_many_requests"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_token_can_be_made_for_exactly_what_the_api_asks_for() -> None:
    views: set[Any] = {
        getattr(entry.callback, "cls", object)
        for group in urlpatterns
        for entry in getattr(group, "url_patterns", [])
    }
    asked = {v.queryset.model.view_action for v in views if issubclass(v, ProtectedViewSet)}
    asked |= {v.action_needed for v in views if issubclass(v, Asked)}
    asked |= {v.writes_with for v in views if issubclass(v, WrittenPartViewSet)}
    assert asked == set(TOKEN_ACTIONS)


def test_every_list_of_the_api_stands_on_the_protected_base() -> None:
    """A viewset beside the base would miss its trail and its refusals."""
    root = Path(__file__).parents[2]
    for path in (*root.glob("*/api.py"), *root.glob("*/api/*.py")):
        if path.parent.parent.name == "security":
            continue
        assert "ReadOnlyModelViewSet" not in path.read_text("utf-8"), path
