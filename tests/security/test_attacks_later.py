"""Rights that end in between, and what is left of what is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaign.models import TaskUserGrant
from digitization.models import IndexValue
from records.models import CadreUserGrant, Member, MemberUserGrant
from security.models import User
from tests.digitization.make import give_index, make_dossier, make_room
from tests.records.make import make_cadre, make_member
from tests.security.attacks import Unchanged, client_of, denials, two_pages, two_tasks, with_picture
from tests.security.links import picture
from tests.security.make import grant_role, make_officer, make_user
from tests.walk.rows import grant

pytestmark = pytest.mark.django_db


# --- rights that end in between ---------------------------------------------------------


def test_a_link_is_nothing_after_signing_out() -> None:
    room, mine, _theirs = two_pages()
    with_picture(mine)
    client = client_of(room.operator)
    addresses = [picture(client, mine.pk), f"/digitization/pages/{mine.pk}/"]
    assert [client.get(one).status_code for one in addresses] == [200, 200]
    stolen = client.cookies["session"].value
    client.post("/accounts/logout/")
    later = Client()
    later.cookies["session"] = stolen
    for browser in (client, later, Client()):
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_grant_that_ends_closes_the_row_within_the_session() -> None:
    two = two_tasks()
    reader = make_user()
    for role in ("unit_staff", "cell_secretary"):
        grant_role(reader, role)
    opened = grant(
        TaskUserGrant, two.mine, user=reader, valid_to=timezone.now() + timedelta(hours=1)
    )
    member = make_member()
    grant(MemberUserGrant, member, user=reader, valid_to=opened.valid_to)
    cadre = make_cadre()
    grant(CadreUserGrant, cadre, user=reader, valid_to=opened.valid_to)
    client = client_of(reader)
    addresses = [
        f"/tasks/{two.mine.pk}/",
        f"/api/v1/tasks/{two.mine.pk}/",
        f"/records/members/{member.pk}/",
        f"/records/cadres/{cadre.pk}/",
    ]
    assert [client.get(one).status_code for one in addresses] == [200] * 4
    ended = {"valid_to": timezone.now() - timedelta(seconds=1)}
    TaskUserGrant.objects.update(**ended)
    MemberUserGrant.objects.update(**ended)
    CadreUserGrant.objects.update(**ended)
    before = denials(reader)
    assert [client.get(one).status_code for one in addresses] == [404] * 4
    assert denials(reader) == before + 4
    assert "canaryxyz" not in client.get("/tasks/").content.decode()


def test_a_role_that_ends_or_an_account_that_closes_ends_what_it_opened() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    address = f"/tasks/{two.mine.pk}/"
    assert client.get(address).status_code == 200
    two.worker.role_grants.update(valid_to=timezone.now() - timedelta(seconds=1))
    with Unchanged():
        assert client.get(address).status_code in (302, 404)
        posted = client.post(f"{address}report/", {"percent": "9", "note": "x"})
        assert posted.status_code in (302, 404)
    other = two_tasks()
    client = client_of(other.worker)
    assert client.get(f"/tasks/{other.mine.pk}/").status_code == 200
    User.objects.filter(pk=other.worker.pk).update(is_active=False)
    with Unchanged():
        assert client.get(f"/tasks/{other.mine.pk}/").status_code == 302
        posted = client.post(f"/tasks/{other.mine.pk}/report/", {"percent": "9", "note": "x"})
        assert posted.status_code == 302


# --- history of what is gone ------------------------------------------------------------


def test_the_history_of_a_hidden_or_deleted_row_is_hidden_with_it() -> None:
    """There is no address of a history but the row's own page."""
    keeper = make_officer("keeper")
    theirs = make_member("Trần Canaryxyz")
    client = client_of(keeper)
    pk = theirs.pk
    hidden = client.get(f"/records/members/{pk}/")
    theirs.delete()
    gone = client.get(f"/records/members/{pk}/")
    assert hidden.status_code == gone.status_code == 404
    assert Member.history.filter(id=pk).exists()
    for address in (f"/records/members/{pk}/history/", f"/admin/records/member/{pk}/history/"):
        answer = client.get(address)
        assert answer.status_code in (302, 404)
        assert "Canaryxyz" not in answer.content.decode()


def test_a_deleted_value_of_an_index_shows_to_those_alone_who_might_read_it() -> None:
    room = make_room()
    dossier = make_dossier(room)
    give_index(room, dossier)
    IndexValue.objects.filter(dossier=dossier, key="personal_id").delete()
    address = f"/digitization/dossiers/{dossier.pk}/"
    page = client_of(room.operator).get(address).content.decode()
    assert "bỏ “099084000123”" in page
    room.operator.role_grants.update(max_sensitivity=1)
    answer = client_of(room.operator).get(address)
    assert answer.status_code == 200
    assert "099084000123" not in answer.content.decode()
