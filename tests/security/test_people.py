"""People: who adds, changes and clears whom, and what a name may look like."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from security.levels import Secrecy
from security.models import AuditEvent, Unit, User
from security.services import RefusedError, change_user, set_clearance
from tests.security.make import grant_role, make_officer, make_unit, make_user
from tests.security.people import add, code, enter, facts, page_of

pytestmark = pytest.mark.django_db


# --- adding -----------------------------------------------------------------------------


def test_a_person_is_added_within_reach_and_cannot_sign_in_until_invited() -> None:
    admin = make_officer("administrator")
    made = add(admin, "  LeVan.Bay ", make_unit(parent=admin.unit), post="Chuyên viên")
    assert made.username == "levan.bay"
    assert not made.has_usable_password()
    assert made.clearance == Secrecy.INTERNAL
    assert not made.is_staff
    assert not made.is_superuser
    line = AuditEvent.objects.get(action="user.created", actor_id=admin.pk)
    assert line.fields == ["username", "full_name", "post", "unit"]
    assert "Bảy" not in line.reason + "".join(line.fields)
    with pytest.raises(RefusedError) as refused:
        add(admin, "someone", make_unit())
    assert code(refused) == {"not_allowed"}
    assert not User.objects.filter(username="someone").exists()


@pytest.mark.parametrize("role", ["security_officer", "head", "keeper", "member"])
def test_only_administrators_add_people(role: str) -> None:
    officer = make_officer(role)
    with pytest.raises(RefusedError):
        add(officer, "someone", officer.unit)


@pytest.mark.parametrize(
    "typed", ["", "ab", "lê.bảy", "a b c", "аnninh", ".abc", "abc-", "x" * 41, "a/b", "ab\x00c"]
)
def test_a_user_name_is_plain(typed: str) -> None:
    with pytest.raises(RefusedError) as refused:
        add(None, typed, make_unit())
    assert code(refused) == {"user_name"}


@pytest.mark.parametrize(
    "alike",
    ["quantri", "QUANTRI", "ｑｕａｎｔｒｉ", "quan.tri", "quan-tri", "quantri_".rstrip("_")],
)
def test_no_name_looks_like_another_one(alike: str) -> None:
    unit = make_unit()
    add(None, "quantri", unit)
    with pytest.raises(RefusedError) as refused:
        add(None, alike, unit)
    assert code(refused) == {"user_name_taken"}
    assert User.objects.filter(unit=unit).count() == 1


@pytest.mark.parametrize(
    ("name", "alike"), [("hoang10", "hoangl0"), ("tam", "tarn"), ("o01", "0o1")]
)
def test_letters_that_look_like_others_do_not_make_a_new_name(name: str, alike: str) -> None:
    unit = make_unit()
    add(None, name, unit)
    with pytest.raises(RefusedError):
        add(None, alike, unit)


def test_the_database_itself_refuses_a_name_in_other_letters() -> None:
    user = make_user(username="binh")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="BINH", full_name="x", unit=user.unit)


def test_nobody_is_put_into_a_dissolved_unit() -> None:
    unit = make_unit()
    Unit.objects.update(dissolved_on="2026-01-01")
    with pytest.raises(RefusedError) as refused:
        add(None, "someone", unit)
    assert code(refused) == {"dissolved"}


# --- changing ---------------------------------------------------------------------------


def test_a_change_names_fields_on_the_trail_and_no_values() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit, full_name="Tên Cũ")
    now = timezone.now()
    change_user(actor=admin, user=person, facts=facts(person, full_name="Tên Mới"), now=now)
    line = AuditEvent.objects.get(action="user.changed")
    assert (line.fields, line.reason) == (["full_name"], "")
    change_user(actor=admin, user=person, facts=facts(person, full_name="Tên Mới"), now=now)
    assert AuditEvent.objects.filter(action="user.changed").count() == 1


@pytest.mark.parametrize("to_reach", [True, False])
def test_old_and_new_unit_of_a_person_must_be_within_reach(to_reach: bool) -> None:
    admin = make_officer("administrator")
    mine, foreign = make_unit(parent=admin.unit), make_unit()
    person = make_user(unit=foreign if to_reach else mine)
    target = mine if to_reach else foreign
    with pytest.raises(RefusedError) as refused:
        change_user(actor=admin, user=person, facts=facts(person, unit=target), now=timezone.now())
    assert code(refused) == {"not_allowed"}
    assert User.objects.get(pk=person.pk).unit != target


def test_ones_own_name_may_be_corrected_but_not_ones_unit() -> None:
    admin = make_officer("administrator")
    now = timezone.now()
    change_user(actor=admin, user=admin, facts=facts(admin, post="Trưởng phòng"), now=now)
    other = make_unit(parent=admin.unit)
    with pytest.raises(RefusedError) as refused:
        change_user(actor=admin, user=admin, facts=facts(admin, unit=other), now=now)
    assert code(refused) == {"own_account"}
    assert User.objects.get(pk=admin.pk).unit == admin.unit


def test_the_name_of_somebody_who_acts_above_is_not_a_branch_administrators_to_change() -> None:
    """Colleagues and the trail know people by their names: a leader's is not for the branch."""
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    leader = make_user(unit=admin.unit, full_name="Trần Đứng Đầu")
    grant_role(leader, "head", root)
    before = AuditEvent.objects.filter(action="user.changed").count()
    for changed in ({"full_name": "Lê Mạo Danh"}, {"post": "Chuyên viên"}):
        wanted = facts(leader, **changed)
        with pytest.raises(RefusedError) as refused:
            change_user(actor=admin, user=leader, facts=wanted, now=timezone.now())
        assert code(refused) == {"not_allowed"}
    kept = User.objects.get(pk=leader.pk)
    assert (kept.full_name, kept.post) == ("Trần Đứng Đầu", "")
    assert AuditEvent.objects.filter(action="user.changed").count() == before
    page = enter(admin).get(page_of("person", leader)).content.decode()
    assert page_of("person_edit", leader) not in page


# --- clearance --------------------------------------------------------------------------


def test_an_officer_clears_and_an_administrator_never_does(settings: Any) -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=root)
    officer = make_officer("security_officer", unit=root)
    person = make_user(unit=root)
    with pytest.raises(RefusedError) as refused:
        set_clearance(actor=admin, user=person, clearance=0, reason="x")
    assert code(refused) == {"not_allowed"}
    set_clearance(actor=officer, user=person, clearance=0, reason="QĐ 9")
    assert User.objects.get(pk=person.pk).clearance == 0
    line = AuditEvent.objects.get(action="user.cleared")
    assert (line.fields, line.reason) == (["clearance"], "QĐ 9")
    with pytest.raises(RefusedError) as refused:
        set_clearance(actor=officer, user=officer, clearance=0, reason="x")
    assert code(refused) == {"own_account"}
    with pytest.raises(RefusedError):
        set_clearance(actor=officer, user=make_user(), clearance=0, reason="x")


def test_clearing_takes_the_right_on_every_unit_where_he_holds_a_role(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 2
    root = make_unit()
    branch = make_unit(parent=root)
    officer = make_officer("security_officer", unit=branch)
    person = make_user(unit=branch)
    grant_role(person, "keeper", root)
    with pytest.raises(RefusedError) as refused:
        set_clearance(actor=officer, user=person, clearance=2, reason="x")
    assert code(refused) == {"not_allowed"}
    assert User.objects.get(pk=person.pk).clearance == Secrecy.INTERNAL
    set_clearance(actor=officer, user=person, clearance=0, reason="QĐ 9")  # taking away is safe


@pytest.mark.parametrize("level", [2, 3, 4, -1])
def test_nobody_is_cleared_above_the_ceiling(level: int) -> None:
    officer = make_officer("security_officer")
    person = make_user(unit=officer.unit)
    with pytest.raises(RefusedError) as refused:
        set_clearance(actor=officer, user=person, clearance=level, reason="x")
    assert code(refused) == {"above_ceiling"}
    assert User.objects.get(pk=person.pk).clearance == Secrecy.INTERNAL
