"""What expires this month: of every kind, on the units the reader oversees, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from records.models import Member, MemberUnitGrant, MemberUserGrant
from security.levels import Secrecy
from security.models import (
    ApiToken,
    AuditEvent,
    Classification,
    EmergencyAccess,
    Invitation,
    RoleGrant,
    SecrecyApproval,
    User,
)
from security.selectors import expiry
from security.selectors.expiry import Month, endings, month_named
from security.services import Terms, delegate_role, end_role
from tests.records.make import make_member
from tests.security.make import LONG_AGO, grant_role, make_officer, make_unit, make_user

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SOON = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named", "first"),
    [
        ("2026-02", (2026, 2)),
        ("2026-12", (2026, 12)),
        ("", (2026, 11)),
        ("2026-13", (2026, 11)),
        ("2026-00", (2026, 11)),
        ("1999-01", (2026, 11)),
        ("٢٠٢٦-٠١", (2026, 11)),
        ("2026-1'--", (2026, 11)),
    ],
)
def test_a_month_is_named_or_it_is_this_one(named: str, first: tuple[int, int]) -> None:
    month = month_named(named, NOW)
    assert (month.first.year, month.first.month, month.first.day) == (*first, 1)


def test_months_follow_one_another() -> None:
    month = month_named("2026-12", NOW)
    assert (month.next.first.year, month.next.first.month) == (2027, 1)
    assert month.next.previous == month
    assert month.after == month.next.first


@pytest.mark.django_db
def test_every_kind_is_listed_soonest_first() -> None:
    admin = make_officer("administrator")
    grant_role(admin, "security_officer")
    person = make_user(unit=admin.unit, full_name="Người sắp hết hạn")
    grant_role(person, "keeper", valid_to=SOON)
    _delegated(person)
    _links(person)
    found = endings(User.objects.get(pk=admin.pk), Month.of(NOW))
    kinds = [one.kind for one in found]
    assert set(kinds) == set(expiry.KINDS) - {"rows"}
    assert [one.until for one in found] == sorted(one.until for one in found)
    assert [one.kind for one in endings(admin, Month.of(NOW), "tokens")] == ["tokens"]
    assert endings(admin, Month.of(NOW).next) == []


def _delegated(person: User) -> None:
    boss = make_officer("unit_head", unit=person.unit)
    origin = boss.role_grants.get()
    terms = Terms(
        user=person,
        role=origin.role,
        unit=origin.unit,
        valid_from=NOW,
        valid_to=SOON,
        delegated_from=origin,
    )
    delegate_role(actor=boss, terms=terms, now=NOW)


def _links(person: User) -> None:
    hour = {"created_at": NOW, "expires_at": SOON}
    Invitation.objects.create(user=person, token_hash="a" * 64, **hour)
    ApiToken.objects.create(
        user=person, name="đồng bộ", prefix="p", token_hash="b", actions=["x"], **hour
    )
    EmergencyAccess.objects.create(
        user=person,
        unit=person.unit,
        action="records.view",
        reason="x",
        valid_from=NOW,
        valid_to=SOON,
    )
    SecrecyApproval.objects.create(
        level=Secrecy.CONFIDENTIAL,
        approved_by_name="x",
        number="1",
        date=NOW,
        basis="x",
        cipher="x",
        valid_to=SOON.date(),
        recorded_by=person,
        recorded_at=NOW,
    )


@pytest.mark.django_db
def test_nothing_of_other_units_and_nothing_that_has_no_end() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    grant_role(person, "keeper")
    never = grant_role(person, "operator", now=SOON)
    end_role(actor=None, grant=never, now=NOW, reason="never began")
    grant_role(make_user(), "keeper", valid_to=SOON)
    _links(make_user())
    assert endings(admin, Month.of(NOW)) == []


@pytest.mark.django_db
def test_who_does_not_answer_for_secrecy_is_not_told_of_it() -> None:
    admin = make_officer("administrator")
    _links(make_user())
    officer = make_officer("security_officer", unit=admin.unit)
    assert endings(admin, Month.of(NOW), "secrecy") == []
    assert len(endings(officer, Month.of(NOW), "secrecy")) == 1


@pytest.mark.django_db
def test_only_the_newest_word_on_a_level_is_to_be_looked_at() -> None:
    officer = make_officer("security_officer")
    for review_on in (SOON.date(), datetime(2027, 1, 1, tzinfo=UTC).date()):
        for number in (None, 7):
            Classification.objects.create(
                kind="standing" if number is None else "raised",
                object_type="records.member",
                object_id=number,
                level=1,
                legal_basis="x",
                classified_by=officer,
                classified_at=NOW,
                review_on=review_on,
            )
    assert endings(officer, Month.of(NOW), "secrecy") == []
    assert len(endings(officer, month_named("2027-01", NOW), "secrecy")) == 2


@pytest.mark.django_db
def test_single_records_opened_are_named_by_kind_and_number_only() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    member = make_member(full_name="Tên Không Được Lộ")
    terms = {"valid_from": LONG_AGO, "valid_to": SOON, "reason": "x", "permission": _permission()}
    MemberUserGrant.objects.create(content_object=member, user=person, **terms)
    MemberUnitGrant.objects.create(content_object=member, grantee=admin.unit, **terms)
    MemberUserGrant.objects.create(content_object=member, user=make_user(), **terms)
    found = endings(admin, Month.of(NOW), "rows")
    assert [(one.who, one.person) for one in found] == [
        (person.full_name, person),
        (admin.unit.name, None),
    ]
    assert all(str(member.pk) in one.what for one in found)
    assert not any("Không Được Lộ" in one.what for one in found)


def _permission() -> Permission:
    kind = ContentType.objects.get_for_model(Member)
    return Permission.objects.get(content_type=kind, codename="view_member")


@pytest.mark.django_db
def test_the_page_leads_to_the_next_step() -> None:
    admin = make_officer("administrator")
    head = make_officer("unit_head", unit=admin.unit)
    person = make_user(unit=admin.unit, full_name="Nguyễn Sắp Hết")
    grant_role(person, "keeper", valid_to=timezone.now() + timedelta(hours=1))
    RoleGrant.objects.filter(user=admin).update(valid_from=LONG_AGO)
    url = reverse("security:expiring")
    month = f"{timezone.localtime(timezone.now() + timedelta(hours=1)):%Y-%m}"

    def page(user: User, **asked: str) -> str:
        client = Client()
        client.force_login(user)
        answer = client.get(url, {"month": month, **asked})
        assert answer.status_code == 200
        return answer.content.decode()

    assert reverse("security:person", args=[person.pk]) in page(admin)
    for_head = page(head)
    assert person.full_name in for_head
    assert reverse("security:person", args=[person.pk]) not in for_head
    assert reverse("security:role", args=["keeper"]) in for_head
    assert person.full_name not in page(admin, kind="tokens")
    assert person.full_name in page(admin, kind="' OR 1=1", page="x")
    assert person.full_name not in page(make_officer("unit_head", unit=make_unit()))


@pytest.mark.django_db
def test_of_very_many_every_one_stands_on_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles that all end with the year: none left out, none twice, kinds merged by date."""
    monkeypatch.setattr(import_module("security.views.expiring"), "SHOWN", 4)
    admin = make_officer("administrator")
    people = [make_user(unit=admin.unit, full_name=f"Người {n:02}") for n in range(11)]
    for n, person in enumerate(people):
        grant_role(person, "member", valid_to=SOON + timedelta(minutes=n // 2))
        Invitation.objects.create(
            user=person,
            purpose="first",
            token_hash=f"h{n}",
            expires_at=SOON + timedelta(minutes=n // 2),
            created_at=NOW,
            created_by=admin,
        )
    found = [(one.who, one.kind) for one in endings(admin, Month.of(NOW))]
    assert (len(found), expiry.count_endings(admin, Month.of(NOW))) == (22, 22)
    client = Client()
    client.force_login(admin)
    shown = []
    for number in range(1, 7):
        asked = {"month": "2026-11", "page": str(number)}
        answer = client.get(reverse("security:expiring"), asked)
        shown += [(one.who, one.kind) for one, _may_open in answer.context["rows"]]
        assert answer.context["page"].paginator.count == 22
    assert shown == found
    listed = AuditEvent.objects.filter(action="list", actor_id=admin.pk).latest("id")
    assert set(listed.object_ids) <= {person.pk for person in people}
    assert listed.object_ids


@pytest.mark.django_db
def test_more_than_is_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "READ_AT_MOST", 3)
    admin = make_officer("administrator")
    for _n in range(3):
        grant_role(make_user(unit=admin.unit), "member", valid_to=SOON)
    client = Client()
    client.force_login(admin)
    month = {"month": "2026-11"}
    assert "từ 3 mục trở lên" in client.get(reverse("security:expiring"), month).content.decode()
    monkeypatch.setattr(expiry, "READ_AT_MOST", 4)
    assert "từ 3 mục" not in client.get(reverse("security:expiring"), month).content.decode()
