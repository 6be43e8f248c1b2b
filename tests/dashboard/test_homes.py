"""Everybody lands where he works; who has no role left learns only that."""

from __future__ import annotations

import pytest

from dashboard.homes import home_of
from tests.security.make import make_officer, make_user

pytestmark = pytest.mark.django_db

LANDS_ON = {
    "head": "board",
    "deputy": "board",
    "office": "board",
    "unit_head": "",
    "unit_staff": "",
    "operator": "digitization:home",
    "inspector": "digitization:home",
    "keeper": "records:member_list",
    "cell_secretary": "records:member_list",
    "member": "records:own",
    "security_officer": "security:trail",
    "administrator": "security:people",
}


@pytest.mark.parametrize(("role", "place"), LANDS_ON.items())
def test_each_role_has_its_home(role: str, place: str) -> None:
    home = home_of(make_officer(role))
    assert home is not None
    assert home.url_name == place


def test_without_a_role_there_is_no_home() -> None:
    assert home_of(make_user()) is None
