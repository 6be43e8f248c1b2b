"""Several campaigns at once: who sees which, what is remembered, what a closed one still offers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Campaign
from campaign.selectors import board_for, choose
from security.models import AuditEvent, User
from tests.campaign.make import NOON, START, make_campaign, make_task, office_of, owner_of
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
CHOOSE = "campaign:choose"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def two_campaigns() -> tuple[Campaign, Campaign, User]:
    """An older and a newer campaign of one organisation, and its standing office."""
    older = make_campaign()
    newer = make_campaign(unit=older.unit, start=START + timedelta(days=60))
    return older, newer, office_of(make_task(campaign=older))


def test_the_newest_open_campaign_is_the_first() -> None:
    older, newer, office = two_campaigns()
    assert choose(office).campaign == newer
    assert choose(office).all == (newer, older)
    Campaign.objects.filter(pk=newer.pk).update(closed_at=NOON, closed_by=office)
    assert choose(office).campaign == older
    assert choose(office).all == (older, newer)


def test_a_code_is_followed_only_to_what_one_may_see() -> None:
    older, newer, office = two_campaigns()
    foreign = make_campaign(start=START + timedelta(days=90))
    assert choose(office, older.code).campaign == older
    assert choose(office, foreign.code).campaign == newer
    assert foreign not in choose(office).all


def test_who_sees_a_single_task_sees_its_campaign() -> None:
    older, _newer, _office = two_campaigns()
    task = make_task(campaign=older)
    choice = choose(owner_of(task))
    assert choice.all == (older,)
    assert (choice.several, choice.named) == (False, "")
    outsider = make_user(unit=make_unit())
    grant_role(outsider, "unit_staff")
    assert choose(outsider).all == ()


def test_who_sees_no_task_is_told_of_the_campaign_he_works_under() -> None:
    older, newer, _office = two_campaigns()
    idle = make_user(unit=make_unit(parent=older.unit))
    grant_role(idle, "unit_staff")
    assert choose(idle).all == (newer, older)


def test_the_choice_costs_one_query(django_assert_num_queries: object) -> None:
    _older, _newer, office = two_campaigns()
    choose(office)  # reads the scopes
    with django_assert_num_queries(1):  # type: ignore[operator]
        choose(office)


def test_the_choice_is_remembered_in_the_session() -> None:
    older, newer, office = two_campaigns()
    task = older.tasks.get()
    client, path = client_of(office), reverse("campaign:task_list")
    assert task.code not in client.get(path).content.decode()
    answer = client.post(reverse(CHOOSE), {"campaign": older.code, "next": "/board/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/board/")
    assert task.code in client.get(path).content.decode()
    named = client.get(path, {"campaign": newer.code}).content.decode()
    assert task.code not in named
    assert task.code in client.get(path).content.decode()  # an address does not change the choice


def test_turning_to_a_foreign_campaign_is_refused() -> None:
    older, _newer, office = two_campaigns()
    foreign = make_campaign()
    client = client_of(office)
    assert client.post(reverse(CHOOSE), {"campaign": foreign.code}).status_code == 404
    assert AuditEvent.objects.filter(action=CHOOSE, decision="denied").exists()
    assert "campaign" not in client.session
    away = client.post(
        reverse(CHOOSE), {"campaign": older.code, "next": "https://elsewhere.example/"}
    )
    assert away.headers["Location"] == reverse("campaign:task_list")


def test_a_board_of_several_names_its_campaign_in_every_address() -> None:
    older, _newer, office = two_campaigns()
    board = board_for(office, now=timezone.now(), campaign=older, named=older.code)
    assert board is not None
    assert board.campaign == older
    assert all(f"campaign={older.code}" in one.query for one in board.lights)
    assert f"campaign={older.code}" in board.exceptions_query
