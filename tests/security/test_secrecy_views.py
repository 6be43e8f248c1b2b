from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digitization.models import Page
from security.models import AuditEvent, Classification, Protected, SecrecyApproval, User
from security.services.approvals import load_standing
from security.services.secrecy import Basis, classify
from tests.campaign.make import make_campaign, make_task
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.records.make import make_member
from tests.security.make import grant_role, make_approval, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
LATER = TODAY + timedelta(days=365)
LIST, APPROVALS = "/access/classification/", "/access/approvals/"


def url_of(row: Protected) -> str:
    return reverse("security:classification", args=[row._meta.label_lower, row.pk])


def asked(**fields: Any) -> dict[str, Any]:
    return {"level": 1, "legal_basis": "Luật thử", "review_on": LATER, "reason": "", **fields}


def entered(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def cleared(role: str = "keeper", **fields: Any) -> User:
    user = make_user(clearance=3, **fields)
    grant_role(user, role, max_level=2)
    return user


@pytest.fixture
def high(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 2


def test_each_kind_of_page_says_its_level_and_leads_to_the_decision(client: Client) -> None:
    load_standing(now=timezone.now())
    room = make_room()
    dossier = make_dossier(room)
    member = make_member(unit=room.unit)
    task = make_task(campaign=make_campaign(unit=room.unit), unit=room.unit)
    office = make_officer("office", unit=room.unit)
    for row, reader in ((dossier, room.keeper), (member, room.keeper), (task, office)):
        said = entered(client, reader).get(reverse(row.detail_url, args=[row.pk]))
        assert "level-line" in said.content.decode()
        assert f'href="{url_of(row)}"' in said.content.decode()
        assert client.get(url_of(row)).status_code == 200
    said = entered(client, room.operator).get(reverse(dossier.detail_url, args=[dossier.pk]))
    assert "level-line" in said.content.decode()
    assert url_of(dossier) not in said.content.decode()


def test_a_level_is_confirmed_from_its_page(client: Client) -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    answer = entered(client, keeper).post(url_of(member), asked())
    assert answer.status_code == 302
    made = Classification.objects.get()
    assert (made.kind, made.object_id, made.review_on) == ("reviewed", member.pk, LATER)
    assert "Luật thử" in client.get(url_of(member)).content.decode()


@pytest.mark.parametrize(
    "change",
    [{"level": 2}, {"level": 4}, {"level": ""}, {"review_on": TODAY}, {"legal_basis": ""}],
)
def test_what_may_not_be_decided_comes_back_with_the_reason(
    client: Client, change: dict[str, Any]
) -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    answer = entered(client, keeper).post(url_of(member), asked(**change))
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode() or "errorlist" in answer.content.decode()
    member.refresh_from_db()
    assert member.level == 1
    assert not Classification.objects.exists()


@pytest.mark.usefixtures("high")
def test_raising_and_lowering_from_the_page(client: Client) -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier)
    keeper = cleared(unit=room.unit)
    entered(client, keeper)
    assert client.post(url_of(dossier), asked(level=2)).status_code == 422  # no approval
    make_approval(2)
    assert client.post(url_of(dossier), asked(level=2)).status_code == 302
    assert Page.objects.get().level == 2
    assert client.post(url_of(dossier), asked(level=1)).status_code == 422  # no reason
    assert client.post(url_of(dossier), asked(level=1, reason="Giải mật")).status_code == 302
    dossier.refresh_from_db()
    assert dossier.level == 1
    # Within one's cap, but not above it: the refusal is on the trail.
    low = make_officer("keeper", unit=room.unit)
    assert entered(client, low).post(url_of(dossier), asked(level=2)).status_code == 422
    assert AuditEvent.objects.filter(
        actor_id=low.pk, decision="denied", action="security:classification"
    ).exists()


def test_the_page_opens_to_those_who_may_decide_this_row(client: Client) -> None:
    room = make_room()
    dossier = make_dossier(room)
    strangers = [make_officer("keeper"), room.operator, make_officer("security_officer")]
    for stranger in strangers:
        for method in (client.get, client.post):
            client.force_login(stranger)
            assert method(url_of(dossier)).status_code == 404
    # He sees it, and may classify elsewhere.
    half = make_officer("operator", unit=room.unit)
    grant_role(half, "keeper", make_unit())
    before = AuditEvent.objects.filter(decision="denied").count()
    assert entered(client, half).get(url_of(dossier)).status_code == 404
    assert AuditEvent.objects.filter(decision="denied").count() == before + 1
    for kind in ("security.user", "security.storedfile", "records.person", "x"):
        address = reverse("security:classification", args=[kind, 1])
        assert entered(client, room.keeper).get(address).status_code == 404


@pytest.mark.usefixtures("high")
def test_what_is_due_comes_up_once_and_not_for_what_follows(client: Client) -> None:
    load_standing(now=timezone.now())
    room = make_room()
    dossier = make_dossier(room)
    page = make_pages(dossier)[0]
    far = make_member(unit=room.unit)
    make_approval(2)
    keeper = cleared(unit=room.unit)
    soon, later = Basis("Luật thử", TODAY), Basis("Luật thử", LATER)
    now = timezone.now() - timedelta(days=40)
    for row, level, said in ((dossier, 2, soon), (far, 1, later)):
        classify(actor=keeper, row=row, level=level, basis=said, now=now)
    page.refresh_from_db()
    assert page.level == 2
    shown = entered(client, keeper).get(LIST)
    assert [due.row for due in shown.context["due"]] == [dossier]
    assert len(shown.context["standing"]) == 9
    foreign = entered(client, make_officer("keeper")).get(LIST)
    assert foreign.context["due"] == []
    assert entered(client, room.operator).get(LIST).status_code == 404


def test_a_standing_decision_is_confirmed_on_screen(client: Client) -> None:
    load_standing(now=timezone.now())
    old = Classification.objects.get(object_type="campaign.task")
    address = reverse("security:standing", args=[old.pk])
    assert entered(client, make_officer("keeper")).get(address).status_code == 404
    entered(client, make_officer("security_officer"))
    assert address in client.get(LIST).content.decode()
    assert client.post(address, {"legal_basis": "", "review_on": LATER}).status_code == 422
    values = {"legal_basis": "Luật mới", "review_on": LATER, "reason": ""}
    assert client.post(address, values).status_code == 302
    newest = Classification.objects.filter(object_type="campaign.task").order_by("-id")[0]
    assert (newest.legal_basis, newest.level) == ("Luật mới", 1)


@pytest.mark.usefixtures("high")
def test_approvals_are_recorded_and_withdrawn_on_screen(client: Client) -> None:
    officer = make_officer("security_officer")
    entered(client, officer)
    values = {
        "level": 2,
        "approved_by_name": "Lãnh đạo cơ quan",
        "number": "01-QĐ/CY",
        "date": TODAY,
        "basis": "Quyết định thử",
        "cipher": "Mô-đun thử",
    }
    assert client.post(APPROVALS, {**values, "level": 3}).status_code == 422  # above the ceiling
    assert client.post(APPROVALS, {**values, "cipher": ""}).status_code == 422
    assert client.post(APPROVALS, values).status_code == 302
    approval = SecrecyApproval.objects.get()
    member = make_member()
    keeper = cleared(unit=member.unit)
    basis = Basis("Luật thử", LATER)
    classify(actor=keeper, row=member, level=2, basis=basis, now=timezone.now())
    assert client.get(APPROVALS).context["approvals"][0].resting == 2  # member and person
    end = reverse("security:approval_withdraw", args=[approval.pk])
    client.post(end, {"reason": " "})
    approval.refresh_from_db()
    assert approval.withdrawn_at is None
    client.post(end, {"reason": "Hết hạn"})
    approval.refresh_from_db()
    assert approval.withdrawn_by == officer


def test_below_level_2_there_is_no_form_and_keepers_have_no_page(client: Client) -> None:
    shown = entered(client, make_officer("security_officer")).get(APPROVALS)
    assert shown.context["form"] is None
    assert b'name="cipher"' not in shown.content
    assert entered(client, make_officer("keeper")).get(APPROVALS).status_code == 404


@pytest.mark.parametrize("name", ["approval_withdraw", "standing"])
def test_an_approval_or_standing_decision_that_is_not_there_is_a_denial(name: str) -> None:
    officer = make_officer("security_officer")
    client = Client()
    client.force_login(officer)
    assert client.post(reverse(f"security:{name}", args=[10**9])).status_code == 404
    assert AuditEvent.objects.filter(actor_id=officer.pk, decision="denied").count() == 1
