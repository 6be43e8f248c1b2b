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
    _older, _newer, office = two_campaigns()
    foreign = make_campaign()
    client = client_of(office)
    assert client.post(reverse(CHOOSE), {"campaign": foreign.code}).status_code == 404
    assert AuditEvent.objects.filter(action=CHOOSE, decision="denied").exists()
    assert "campaign" not in client.session


@pytest.mark.parametrize(
    "said",
    [
        *("", "abc", "a.b", "campaign:campaigns", " /tasks/", "?light=red"),
        *("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"),
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_of_this_site_leads_to_the_list(said: str) -> None:
    older, _newer, office = two_campaigns()
    sent = {"campaign": older.code, "next": said}
    answer = client_of(office).post(reverse(CHOOSE), sent)
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("campaign:task_list")


def test_a_board_of_several_names_its_campaign_in_every_address() -> None:
    older, _newer, office = two_campaigns()
    board = board_for(office, now=timezone.now(), campaign=older, named=older.code)
    assert board is not None
    assert board.campaign == older
    assert all(f"campaign={older.code}" in one.query for one in board.lights)
    assert f"campaign={older.code}" in board.exceptions_query


# --- closing ----------------------------------------------------------------------------


def over_campaign() -> tuple[Campaign, User]:
    """A campaign whose last day is past, and its standing office."""
    campaign = make_campaign(start=timezone.localdate() - timedelta(days=60))
    task = make_task(campaign=campaign, now=timezone.now() - timedelta(days=60))
    return campaign, office_of(task)


def end_url(verb: str, campaign: Campaign) -> str:
    return reverse(f"campaign:{verb}", args=[campaign.code])


def test_the_office_closes_a_campaign_with_a_reason_and_its_code() -> None:
    campaign, office = over_campaign()
    client, wanted = client_of(office), {f"{campaign.code}-reason": "Đã tổng kết"}
    slip = client.post(end_url("close", campaign), wanted | {f"{campaign.code}-code": "sai"})
    assert slip.status_code == 422
    assert "Đã tổng kết" in slip.content.decode()
    campaign.refresh_from_db()
    assert campaign.closed_at is None
    typed = {f"{campaign.code}-code": campaign.code.lower()}
    assert client.post(end_url("close", campaign), wanted | typed).status_code == 302
    campaign.refresh_from_db()
    assert campaign.closed_by == office
    event = AuditEvent.objects.get(action="campaign.closed")
    assert event.reason == "Đã tổng kết"


def test_a_closed_campaign_is_read_and_opened_again() -> None:
    campaign, office = over_campaign()
    Campaign.objects.update(closed_at=timezone.now(), closed_by=office)
    client = client_of(office)
    page = client.get(reverse("campaign:task_list"), {"state": ""})
    assert "notice-past" in page.content.decode()
    assert page.context["kinds"] == ()
    assert client.get(reverse("campaign:bulk"), {"all": "1", "list": ""}).status_code == 404
    again = client.post(end_url("reopen", campaign), {f"{campaign.code}-reason": "Còn việc"})
    assert again.status_code == 302
    campaign.refresh_from_db()
    assert campaign.closed_at is None


def test_a_running_campaign_is_not_closed() -> None:
    campaign = make_campaign(start=timezone.localdate())
    office = office_of(make_task(campaign=campaign))
    client = client_of(office)
    sent = {f"{campaign.code}-reason": "Vội", f"{campaign.code}-code": campaign.code}
    assert client.post(end_url("close", campaign), sent).status_code == 422
    campaign.refresh_from_db()
    assert campaign.closed_at is None
    assert "reason" not in client.get(reverse("campaign:campaigns")).content.decode()


def test_nobody_closes_what_he_does_not_run() -> None:
    campaign, _office = over_campaign()
    owner = owner_of(campaign.tasks.get())
    assert client_of(owner).post(end_url("close", campaign)).status_code == 404
    _foreign, stranger = over_campaign()
    sent = {f"{campaign.code}-reason": "x", f"{campaign.code}-code": campaign.code}
    assert client_of(stranger).post(end_url("close", campaign), sent).status_code == 404
    campaign.refresh_from_db()
    assert campaign.closed_at is None
    assert AuditEvent.objects.filter(decision="denied", actor_id=stranger.pk).exists()
    assert campaign.title in client_of(owner).get(reverse("campaign:campaigns")).content.decode()
