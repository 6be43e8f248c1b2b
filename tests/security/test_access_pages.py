"""The pages of explaining, sharing and emergencies: sound HTML in both languages, full and empty."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from security.services import open_emergency, review_emergency, share_row
from tests.dashboard.test_accessible import faults
from tests.records.make import make_cell, make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
WHY = "Cháy kho hồ sơ giấy, cần tra người trực"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_pages_are_sound_with_something_on_them(language: str) -> None:
    now = timezone.now()
    root = make_unit()
    cell = make_cell(parent=root)
    keeper = make_officer("keeper", unit=cell)
    receiver = make_officer("cell_secretary", unit=make_cell(parent=root))
    grant_role(receiver, "unit_head")
    officer = make_officer("security_officer", unit=root)
    member = make_member(unit=cell)
    for to in (receiver, receiver.unit):
        share_row(
            actor=keeper, row=member, to=to, until=now + timedelta(days=2), reason="x", now=now
        )
    old = open_emergency(
        actor=receiver,
        unit=cell,
        action="campaign.view",
        reason=WHY,
        hours=1,
        now=now - timedelta(hours=9),
    )
    review_emergency(actor=officer, access=old, verdict="unjustified", note="Sai", now=now)
    access = open_emergency(
        actor=receiver, unit=cell, action="records.view", reason=WHY, hours=1, now=now
    )
    _read(receiver, f"/records/members/{member.pk}/", language)
    for user, path in (
        (keeper, f"/access/who/records.member/{member.pk}/"),
        (officer, f"/access/people/{receiver.pk}/sees/"),
        (officer, "/access/sees/"),
        (officer, "/access/emergency/"),
        (officer, f"/access/emergency/{access.pk}/"),
        (officer, f"/access/emergency/{old.pk}/"),
        (receiver, "/access/emergency/mine/"),
        (receiver, "/access/opened/"),
    ):
        assert faults(_read(user, path, language)) == [], path


def test_pages_are_sound_with_nothing_on_them() -> None:
    officer = make_officer("security_officer")
    nobody = make_user(unit=officer.unit)
    head = make_officer("unit_head", unit=officer.unit)
    for user, path in (
        (officer, f"/access/people/{nobody.pk}/sees/"),
        (officer, "/access/emergency/"),
        (officer, "/access/sees/?q=zzzz"),
        (head, "/access/emergency/mine/"),
        (nobody, "/access/opened/"),
    ):
        assert faults(_read(user, path, "vi")) == [], path


def _read(user: object, path: str, language: str) -> str:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()
