"""/ leads everybody to his place and tells a person without a role nothing about ours."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.dashboard.test_homes import LANDS_ON
from tests.security.make import LONG_AGO, grant_role, make_officer, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "place"), [(r, p) for r, p in LANDS_ON.items() if p])
def test_home_leads_to_the_place_of_work(client: Client, role: str, place: str) -> None:
    client.force_login(make_officer(role))
    response = client.get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == reverse(place)


@pytest.mark.parametrize("role", [role for role, place in LANDS_ON.items() if not place])
def test_units_have_their_home_here(client: Client, role: str) -> None:
    client.force_login(make_officer(role))
    response = client.get("/")
    assert response.status_code == 200
    assert "dashboard/unit_home.html" in [t.name for t in response.templates]


def test_home_asks_to_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"].startswith(reverse("account_login"))


def test_ended_role_leaves_a_friendly_page_without_hints(client: Client) -> None:
    user = make_user()
    grant_role(user, "head", valid_to=LONG_AGO.replace(year=2021))
    client.force_login(user)
    response = client.get("/")
    assert response.status_code == 200
    said = response.content.decode()
    assert "dashboard/no_access.html" in [t.name for t in response.templates]
    for hint in ("/board/", "/tasks/", "/records/", "/digitization/", "/access/"):
        assert hint not in said


@pytest.mark.parametrize("role", [r for r in LANDS_ON if r not in {"head", "deputy", "office"}])
def test_the_board_is_hidden_from_other_roles(client: Client, role: str) -> None:
    client.force_login(make_officer(role))
    assert client.get("/board/").status_code == 404


@pytest.mark.parametrize("role", ["head", "deputy", "office"])
def test_without_a_campaign_the_board_says_how_to_load_one(client: Client, role: str) -> None:
    client.force_login(make_officer(role))
    response = client.get("/board/")
    assert response.status_code == 200
    assert b"manage.py load_plan" in response.content


def test_without_a_campaign_the_unit_home_says_so(client: Client) -> None:
    client.force_login(make_officer("unit_staff"))
    assert client.get("/").context["page"].loaded is False


def test_no_other_method_than_reading(client: Client) -> None:
    client.force_login(make_officer("head"))
    assert client.post("/board/").status_code == 405
    assert client.post("/").status_code == 405
