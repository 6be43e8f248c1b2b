"""The frame of every page: navigation by role, demonstration marker, cost."""

from collections.abc import Iterator

import pytest
import yaml
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation

from dashboard import context
from dashboard.context import Entry, Shell, entries_for, is_demo, shell
from security.models import Installation, User
from security.places import ACCESS, offered
from security.services.roles import ROLES_FILE
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db
ROLES = yaml.safe_load(ROLES_FILE.read_text("utf-8"))


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    context.forget_demo()
    yield
    context.forget_demo()


@pytest.fixture
def every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of the floors' pages, whether or not they are mounted already."""
    known = {"home": "/", "board": "/board/"}
    monkeypatch.setattr(context, "reverse", lambda name: known.get(name, f"/{name}/"))


def labels(user: User) -> list[str]:
    with translation.override("en"):
        return [entry.label for entry in entries_for(request_of(user))]


def request_of(user: User, path: str = "/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    return request


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("head", ["Board", "Tasks", "Products"]),
        ("office", ["Board", "Tasks", "Products", "Secrecy levels"]),
        ("unit_head", ["My work", "Tasks", "Products", "Digitization", "Search scans", "Access"]),
        ("unit_staff", ["My work", "Tasks", "Products"]),
        ("operator", ["Digitization", "Search scans"]),
        ("cell_secretary", ["Members", "Cadres"]),
        ("member", []),
        ("administrator", ["People and roles"]),
        ("security_officer", ["Access", "Audit trail"]),
    ],
)
@pytest.mark.usefixtures("every_address")
def test_each_role_is_shown_its_places(role: str, expected: list[str]) -> None:
    assert labels(make_officer(role)) == expected


@pytest.mark.parametrize("role", ["administrator", "security_officer", "unit_head"])
def test_a_page_of_the_access_area_marks_the_way_into_it(role: str) -> None:
    user = make_officer(role)
    for path in ("/access/expiring/", "/access/roles/keeper/"):
        marked = [entry for entry in entries_for(request_of(user, path)) if entry.here]
        assert [entry.url.startswith("/access/") for entry in marked] == [True]


def test_reference_data_belong_to_the_access_area_and_ones_account_to_none() -> None:
    user = make_officer("administrator")
    marked = {
        path: [entry.url for entry in entries_for(request_of(user, path)) if entry.here]
        for path in ("/admin/records/codelist/", "/access/opened/", "/access/emergency/mine/")
    }
    assert marked == {
        "/admin/records/codelist/": ["/access/people/"],
        "/access/opened/": [],
        "/access/emergency/mine/": [],
    }


@pytest.mark.parametrize("role", [role["code"] for role in ROLES])
def test_whoever_has_a_page_of_the_access_area_has_a_way_in(role: str) -> None:
    user = make_officer(role)
    pages = [reverse(place.url_name) for place in offered(ACCESS, user)]
    links = {entry.url for entry in entries_for(request_of(user))}
    assert not pages or pages[0] in links


def test_nobody_signed_in_gets_no_navigation() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert entries_for(request) == []


def test_a_place_without_an_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> str:
        raise NoReverseMatch(name)

    monkeypatch.setattr(context, "reverse", nowhere)
    assert entries_for(request_of(make_officer("head"))) == []


@pytest.mark.usefixtures("every_address")
def test_the_place_of_the_page_is_marked_once() -> None:
    office = make_officer("office")
    entries = entries_for(request_of(office, "/campaign:task_list/W2.2/"))
    assert [entry.url for entry in entries if entry.here] == ["/campaign:task_list/"]


@pytest.mark.usefixtures("every_address")
def test_the_start_page_is_only_itself() -> None:
    office = make_officer("office")
    entries = entries_for(request_of(office, "/elsewhere/"))
    assert not any(entry.here for entry in entries)


@pytest.mark.parametrize(("count", "thumb", "more"), [(3, 3, 0), (5, 5, 0), (6, 4, 2), (8, 4, 4)])
def test_the_thumb_reaches_five_places_at_most(count: int, thumb: int, more: int) -> None:
    frame = Shell([Entry(f"/{n}", str(n), here=False) for n in range(count)], is_demo=False)
    assert (len(frame.thumb), len(frame.more)) == (thumb, more)


def test_the_frame_costs_the_scopes_and_one_query_a_minute() -> None:
    user = User.objects.get(pk=make_officer("office").pk)
    with CaptureQueriesContext(
        connection,
    ) as first:
        frame = shell(request_of(user))["shell"]
        assert frame.entries is not None
    with CaptureQueriesContext(connection) as second:
        frame = shell(request_of(user))["shell"]
        assert frame.entries is not None
    assert (len(first), len(second)) == (2, 0)


def test_an_answer_without_frame_costs_nothing() -> None:
    user = User.objects.get(pk=make_officer("office").pk)
    with CaptureQueriesContext(connection) as queries:
        shell(request_of(user))
    assert len(queries) == 0


def test_invented_data_are_marked_on_every_page() -> None:
    assert not is_demo()
    Installation.objects.update_or_create(
        pk=1, defaults={"is_demo": True, "created_at": timezone.now()}
    )
    context.forget_demo()
    assert is_demo()
    page = render_to_string("404.html", request=request_of(make_officer("head")))
    assert 'class="demo-mark"' in page
