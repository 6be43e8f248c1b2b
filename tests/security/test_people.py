"""Accounts: who makes, changes, closes and lets in whom; what no form can set; what ends with it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security import audit
from security.levels import Secrecy
from security.models import ApiToken, AuditEvent, EmergencyAccess, Invitation, Unit, User
from security.services import (
    PersonFacts,
    RefusedError,
    change_user,
    create_user,
    disable_user,
    enable_user,
    end_all_sessions,
    set_clearance,
)
from security.services.invitations import accept_invitation, hash_of, invite
from security.services.recovery import renew_link, reset_factor
from security.services.sessions import count_sessions
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
NEW = reverse("security:person_new")
PEOPLE = reverse("security:people")
PASSWORD = "a long enough phrase"


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sign_in(user: User, settings: Any) -> Client:
    """A browser that came in by the form: such sessions are listed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def page_of(name: str, person: AbstractUser) -> str:
    return reverse(f"security:{name}", args=[person.pk])


def facts(person: User, **changed: Any) -> PersonFacts:
    known: dict[str, Any] = {
        "full_name": person.full_name,
        "post": person.post,
        "unit": person.unit,
    }
    return PersonFacts(**(known | changed))


def add(actor: User | None, username: str, unit: Unit, **fields: Any) -> User:
    return create_user(actor=actor, username=username, full_name="Lê Văn Bảy", unit=unit, **fields)


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


# --- closing and opening ----------------------------------------------------------------


def test_closing_an_account_ends_sessions_links_tokens_and_emergencies(settings: Any) -> None:
    admin = make_officer("administrator")
    person = make_officer("unit_staff", unit=make_unit(parent=admin.unit))
    now = timezone.now()
    client, idle = sign_in(person, settings), sign_in(person, settings)
    home = reverse("security:my_roles")
    assert client.get(home).status_code == 200
    invite(actor=admin, user=person, purpose="reset", now=now)
    ApiToken.objects.create(
        user=person,
        name="Kịch bản",
        prefix="sr_1",
        token_hash="h",
        actions=["campaign.view"],
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    EmergencyAccess.objects.create(
        user=person,
        unit=person.unit,
        action="campaign.view",
        reason="x",
        valid_from=now - timedelta(hours=1),
        valid_to=now + timedelta(hours=1),
    )
    disable_user(actor=admin, user=person, now=now, reason="Nghỉ hưu")
    assert client.get(home).status_code == 302
    later = now + timedelta(seconds=1)
    assert not Invitation.objects.usable(later).exists()
    assert not ApiToken.objects.usable(later).exists()
    assert not EmergencyAccess.objects.in_force(later).exists()
    assert AuditEvent.objects.get(action="user.disabled").reason == "Nghỉ hưu"
    with pytest.raises(RefusedError) as refused:
        disable_user(actor=admin, user=person, now=now, reason="x")
    assert code(refused) == {"disabled"}

    enable_user(actor=admin, user=person, now=now, reason="Trở lại")
    assert idle.get(home).status_code == 302, "a session of before must not come back"
    assert not ApiToken.objects.usable(later).exists()
    assert User.objects.get(pk=person.pk).is_active
    with pytest.raises(RefusedError):
        enable_user(actor=admin, user=person, now=now, reason="x")


def test_nobody_closes_his_own_account() -> None:
    admin = make_officer("administrator")
    with pytest.raises(RefusedError) as refused:
        disable_user(actor=admin, user=admin, now=timezone.now(), reason="x")
    assert code(refused) == {"own_account"}
    assert User.objects.get(pk=admin.pk).is_active


def test_an_administrator_of_a_branch_does_not_touch_who_acts_above_it() -> None:
    """Else he could make himself a link into a leader's account."""
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    leader = make_user(unit=admin.unit)
    grant_role(leader, "head", root)
    leader.set_password(PASSWORD)
    leader.save()
    now = timezone.now()
    for act in (
        lambda: disable_user(actor=admin, user=leader, now=now, reason="x"),
        lambda: renew_link(actor=admin, user=leader, now=now),
        lambda: reset_factor(actor=admin, user=leader, reason="x", now=now),
        lambda: end_all_sessions(actor=admin, user=leader, reason="x", now=now),
        lambda: change_user(
            actor=admin,
            user=leader,
            facts=facts(leader, unit=make_unit(parent=admin.unit)),
            now=now,
        ),
    ):
        with pytest.raises(RefusedError) as refused:
            act()
        assert code(refused) == {"not_allowed"}
    assert User.objects.get(pk=leader.pk).is_active
    assert not Invitation.objects.exists()
    shown = enter(admin).get(page_of("person", leader)).content.decode()
    assert page_of("person_link", leader) not in shown
    assert page_of("person_disable", leader) not in shown


def test_all_sessions_of_a_person_end_and_his_next_request_is_nobodys(settings: Any) -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    one, two = sign_in(person, settings), sign_in(person, settings)
    address = reverse("security:my_roles")
    assert one.get(address).status_code == two.get(address).status_code == 200
    now = timezone.now()
    assert count_sessions(person, now) == 2
    assert end_all_sessions(actor=admin, user=person, now=now, reason="Mất máy") == 2
    assert one.get(address).status_code == two.get(address).status_code == 302
    assert AuditEvent.objects.get(action="user.sessions_ended").reason == "Mất máy"


# --- letting in again -------------------------------------------------------------------


def make_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def test_password_and_second_factor_are_renewed_by_two_people() -> None:
    first, second = make_officer("administrator"), make_user()
    grant_role(second, "administrator", first.unit)
    person, other = make_user(unit=first.unit), make_user(unit=first.unit)
    now = timezone.now()
    for one in (person, other):
        one.set_password(PASSWORD)
        one.save()
        make_factor(one)
    renew_link(actor=first, user=person, now=now)
    with pytest.raises(RefusedError) as refused:
        reset_factor(actor=first, user=person, reason="x", now=now)
    assert code(refused) == {"two_people"}
    assert Authenticator.objects.filter(user=person).exists()
    assert reset_factor(actor=second, user=person, reason="Mất máy", now=now) == 1

    reset_factor(actor=first, user=other, reason="Mất máy", now=now)
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=first, user=other, now=timezone.now())
    assert code(refused) == {"two_people"}
    assert renew_link(actor=second, user=other, now=now)
    enter(first).post(page_of("person_link", other))
    denial = AuditEvent.objects.get(action="security:person_link", decision="denied")
    assert denial.actor_id == first.pk


def test_no_waiting_makes_one_administrator_two() -> None:
    """On a long leave nobody notices: a week alone is no second person."""
    admin = make_officer("administrator")
    away, back = make_user(unit=admin.unit), make_user(unit=admin.unit)
    now = timezone.now()
    later = now + timedelta(days=30)
    for one in (away, back):
        one.set_password(PASSWORD)
        one.save()
        make_factor(one)
        reset_factor(actor=admin, user=one, reason="Mất máy", now=now)
    make_factor(back)  # he came, and stands behind a factor of his own again
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=admin, user=away, now=later)
    assert code(refused) == {"two_people"}
    assert renew_link(actor=admin, user=back, now=later)


def test_whoever_used_a_link_himself_never_gets_at_the_factor() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    person.set_password(PASSWORD)
    person.save()
    make_factor(person)
    now = timezone.now() - timedelta(days=30)
    link = Invitation.objects.get(token_hash=hash_of(renew_link(actor=admin, user=person, now=now)))
    accept_invitation(pk=link.pk, password=PASSWORD + " 2", now=now)
    with pytest.raises(RefusedError) as refused:
        reset_factor(actor=admin, user=person, reason="x", now=timezone.now())
    assert code(refused) == {"two_people"}
    audit.record("signin", actor=person)  # with the factor, so it was himself
    assert reset_factor(actor=admin, user=person, reason="Mất máy", now=timezone.now()) == 1


def test_a_link_alone_never_hands_over_a_high_role() -> None:
    admin = make_officer("administrator")
    officer = make_user(unit=admin.unit)
    officer.set_password(PASSWORD)
    officer.save()
    grant = grant_role(officer, "security_officer")
    assert grant.high
    now = timezone.now()
    with pytest.raises(RefusedError) as refused:
        renew_link(actor=admin, user=officer, now=now)
    assert code(refused) == {"high_role"}
    assert not Invitation.objects.exists()
    make_factor(officer)
    assert renew_link(actor=admin, user=officer, now=now)


def test_whoever_never_signed_in_gets_a_first_link_from_anybody_again() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    now = timezone.now()
    one = renew_link(actor=admin, user=person, now=now)
    two = renew_link(actor=admin, user=person, now=now)
    assert one != two
    assert Invitation.objects.usable(now).get().purpose == "first"


# --- pages ------------------------------------------------------------------------------


def test_a_person_is_added_by_form_and_the_link_is_in_that_answer_only() -> None:
    admin = make_officer("administrator")
    client = enter(admin)
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": admin.unit.code}
    shown = client.post(NEW, said)
    assert shown.status_code == 200
    found = re.search(r'id="invitation-link"[^>]*value="([^"]+)"', shown.content.decode())
    assert found is not None
    person = User.objects.get(username="bay")
    assert Client().get(found[1]).status_code in {200, 302}
    for address in (page_of("person", person), PEOPLE, NEW):
        assert found[1] not in client.get(address).content.decode()
    again = client.post(NEW, said)
    assert again.status_code == 422
    assert User.objects.filter(username="bay").count() == 1
    assert found[1].rstrip("/").rsplit("/", 1)[-1] not in str(
        list(AuditEvent.objects.values_list("reason", "object_id"))
    )


def test_no_form_sets_flags_clearance_or_password() -> None:
    admin = make_officer("administrator")
    client = enter(admin)
    forged: dict[str, Any] = {
        "is_staff": "on",
        "is_superuser": "on",
        "clearance": 3,
        "password": "a long enough phrase",
        "is_active": "",
        "groups": 1,
        "id": admin.pk,
        "pk": admin.pk,
    }
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": admin.unit.code}
    assert client.post(NEW, said | forged).status_code == 200
    person = User.objects.get(username="bay")
    edited = client.post(page_of("person_edit", person), said | forged | {"username": "khac"})
    assert edited.status_code == 302
    person.refresh_from_db()
    assert (person.is_staff, person.is_superuser, person.is_active) == (False, False, True)
    assert (person.clearance, person.username) == (Secrecy.INTERNAL, "bay")
    assert not person.has_usable_password()
    assert User.objects.get(pk=admin.pk).full_name == admin.full_name


def test_a_unit_is_named_by_code_or_chosen_among_those_that_fit() -> None:
    admin = make_officer("administrator")
    one = make_unit(parent=admin.unit, code="TC1", name="Vụ Tổ chức Một")
    make_unit(parent=admin.unit, code="TC2", name="Vụ Tổ chức Hai")
    make_unit(code="TC3", name="Vụ Tổ chức Ba")  # out of reach
    client = enter(admin)
    said = {"full_name": "Lê Văn Bảy", "username": "bay", "unit": "vu to chuc"}
    several = client.post(NEW, said)
    assert several.status_code == 422
    page = several.content.decode()
    assert 'value="TC1"' in page
    assert 'value="TC2"' in page
    assert "TC3" not in page
    assert client.post(NEW, said | {"unit": "TC3"}).status_code == 422
    assert client.post(NEW, said | {"unit_pick": "TC3"}).status_code == 422
    assert client.post(NEW, said | {"unit_pick": "TC1"}).status_code == 200
    assert User.objects.get(username="bay").unit == one


def test_suggestions_hold_only_what_the_reader_reaches() -> None:
    admin = make_officer("administrator")
    make_unit(parent=admin.unit, code="TC1", name="Vụ Tổ chức Một")
    make_unit(code="TC3", name="Vụ Tổ chức Ba")
    address = reverse("security:unit_search")
    asked = {"action": "security.manage_access", "name": "unit", "unit": "to chuc"}
    shown = enter(admin).get(address, asked).content.decode()
    assert "TC1" in shown
    assert "TC3" not in shown
    assert "TC1" in enter(admin).get(address, {"q": "tc1"}).content.decode()
    for odd in ({"action": "records.view"}, {"name": '"><script>'}, {"name": "Q" * 99}):
        assert enter(admin).get(address, asked | odd).status_code == 404
    assert enter(make_officer("member")).get(address, asked).status_code == 404
    reviewer = enter(make_officer("unit_head")).get(address, asked)
    assert "TC1" not in reviewer.content.decode()


def test_the_list_is_filtered_by_unit_and_by_what_is_missing() -> None:
    admin = make_officer("administrator")
    below = make_unit(parent=admin.unit, code="DUOI", name="Phòng Dưới")
    with_role = make_officer("unit_staff", unit=below, full_name="Có Vai Trò")
    without = make_user(unit=below, full_name="Chưa Vai Trò")
    closed = make_user(unit=admin.unit, full_name="Đã Khóa", is_active=False)
    client = enter(admin)

    def shown(**asked: str) -> set[str]:
        page = client.get(PEOPLE, asked).context["page"]
        return {one.full_name for one in page.people}

    assert shown(unit="phong duoi") == {with_role.full_name, without.full_name}
    assert shown(unit="DUOI", state="roleless") == {without.full_name}
    assert shown(state="closed") == {closed.full_name}
    assert shown(q="chua vai") == {without.full_name}
    assert shown(unit="khong co") == set()
    assert shown(state="; DROP", page="-1")
    assert shown(page="0")
    assert shown(page="99999") == set()


@pytest.mark.parametrize(
    "name",
    ["person_disable", "person_enable", "person_link", "person_reset_mfa", "person_end_sessions"],
)
def test_acts_want_a_post_an_administrator_and_a_person_of_his(name: str) -> None:
    admin = make_officer("administrator")
    person, stranger = make_user(unit=admin.unit), make_user()
    said = {"reason": "x"}
    assert enter(admin).get(page_of(name, person)).status_code == 405
    assert enter(admin).post(page_of(name, stranger), said).status_code == 404
    assert (
        enter(make_officer("security_officer")).post(page_of(name, person), said).status_code == 404
    )
    assert AuditEvent.objects.filter(decision="denied").count() == 2
    assert not Invitation.objects.exists()


def test_an_act_without_a_reason_changes_nothing() -> None:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    client = enter(admin)
    client.post(page_of("person_disable", person), {"reason": " "})
    assert User.objects.get(pk=person.pk).is_active
    client.post(page_of("person_disable", person), {"reason": "Nghỉ việc"})
    assert not User.objects.get(pk=person.pk).is_active
    client.post(page_of("person_enable", person), {"reason": "Trở lại"})
    assert User.objects.get(pk=person.pk).is_active


def test_a_clearance_is_set_on_its_own_page_by_an_officer() -> None:
    officer = make_officer("security_officer")
    person = make_user(unit=officer.unit)
    client = enter(officer)
    assert person.full_name in client.get(reverse("security:clearances")).content.decode()
    address = page_of("person_clearance", person)
    assert client.post(address, {"clearance": 2, "reason": "x"}).status_code == 422
    assert client.post(address, {"clearance": 0, "reason": ""}).status_code == 422
    assert client.post(address, {"clearance": 0, "reason": "QĐ 9"}).status_code == 302
    assert User.objects.get(pk=person.pk).clearance == 0
    assert client.get(page_of("person_clearance", make_user())).status_code == 404
    assert enter(make_officer("administrator")).get(address).status_code == 404
