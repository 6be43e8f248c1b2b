from __future__ import annotations

import pytest
from django.test import Client

from records.fields import fields_of
from records.models import Member
from security.models import AuditEvent
from tests.records.make import make_member
from tests.security.make import grant_role, make_officer, make_user

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/members/"


def test_the_list_holds_what_the_caller_may_see_and_is_written_down(client: Client) -> None:
    officer = make_officer("keeper")
    mine = make_member("Lê Thị Mình", unit=officer.unit)
    make_member("Hoàng Kim Khuyết")
    client.force_login(officer)
    shown = client.get(MEMBERS).json()["results"]
    assert [(row["full_name"], row["masked"]) for row in shown] == [("Lê Thị Mình", [])]
    assert AuditEvent.objects.get(action="list").object_ids == [mine.pk]
    assert client.get(MEMBERS, {"q": "minh"}).json()["results"] == shown
    assert client.get(MEMBERS, {"q": "khuyet"}).json()["results"] == []
    assert client.get(MEMBERS, {"unit": "x"}).status_code == 400


@pytest.mark.parametrize(("cap", "masked"), [(2, False), (1, True)])
def test_fields_above_ones_cap_are_left_out_and_named(
    client: Client, cap: int, masked: bool
) -> None:
    officer = make_user()
    grant_role(officer, "keeper", max_sensitivity=cap)
    member = make_member("Lê An", unit=officer.unit, religion="02", personal_id="038085000001")
    client.force_login(officer)
    row = client.get(f"{MEMBERS}{member.pk}/").json()
    absent = {field.key for field in fields_of(Member)} - row.keys()
    assert absent == set(row["masked"])
    assert (row.get("religion"), row.get("personal_id")) == (
        (None, None) if masked else ("02", "038085000001")
    )
    assert ("religion" in row["masked"]) is masked
    assert row["full_name"] == "Lê An"


def test_hidden_and_absent_answer_alike_and_nothing_can_be_written(client: Client) -> None:
    officer = make_officer("keeper")
    foreign = make_member()
    client.force_login(officer)
    hidden = client.get(f"{MEMBERS}{foreign.pk}/")
    absent = client.get(f"{MEMBERS}{foreign.pk + 999}/")
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert hidden.status_code == 404
    assert AuditEvent.objects.filter(action="read", decision="denied").count() == 2
    assert client.post(MEMBERS, {}).status_code == 405
    assert client.delete(f"{MEMBERS}{foreign.pk}/").status_code == 405


def test_without_the_role_there_is_no_list(client: Client) -> None:
    client.force_login(make_officer("operator"))
    assert client.get(MEMBERS).status_code == 404


def test_nobody_reads_without_signing_in(client: Client) -> None:
    assert client.get(MEMBERS).status_code == 401
