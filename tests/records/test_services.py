from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from records.models import Cadre, CodeItem, Member, Person
from records.services import (
    MemberRow,
    grant_own_record,
    load_code_lists,
    register_members,
    update_cadre,
    update_member,
)
from security.models import AuditEvent, Unit, User
from security.services import RefusedError, move_unit
from tests.records.make import NOW, make_cadre, make_cell, make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


def change(member: Member, actor: User, **values: Any) -> Member:
    member.refresh_from_db()
    return update_member(
        actor=actor,
        now=NOW,
        member=member,
        edition=member.edition,
        values=values,
        reason="Đính chính",
        basis="QĐ 12-QĐ/ĐU",
    )


def codes(refused: pytest.ExceptionInfo[RefusedError]) -> set[tuple[str, str]]:
    return {(problem.code, getattr(problem, "field", "")) for problem in refused.value.problems}


def test_code_lists_load_once_and_keep_what_people_changed() -> None:
    load_code_lists()
    dao = CodeItem.objects.get(code_list="ethnic_groups", code="09")
    assert CodeItem.objects.filter(code_list="ethnic_groups", code="08").get().name == "Mông"
    dao.name = "Dao (sửa)"
    dao.save()
    assert load_code_lists() == 0
    dao.refresh_from_db()
    assert dao.name == "Dao (sửa)"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ethnic_groups", 55),
        ("provinces", 35),  # Đồng Nai twice: a province, then a municipality
        ("provinces_before_2025_07", 63),
        ("membership_status", 14),
        ("party_badge_years", 12),
    ],
)
def test_shipped_lists_are_complete(name: str, count: int) -> None:
    load_code_lists()
    assert CodeItem.objects.filter(code_list=name).count() == count


def test_a_member_is_stored_normalised_with_his_person() -> None:
    cell = make_cell()
    member = make_member(
        "  Nguyễn  Thị Hoà ",
        unit=cell,
        profile_number="123456 tha",
        card_number="38 123456",
        birth_date="04/1985",
        gender="2",
        phone="091 234 5678",
    )
    stored = Member.objects.select_related("person").get(pk=member.pk)
    assert stored.person.full_name == stored.display_name == "Nguyễn Thị Hoà"
    assert (stored.given_name, stored.family_name, stored.middle_name) == ("Hoà", "Nguyễn", "Thị")
    assert stored.search_name == stored.person.search_name == " nguyen thi hoa "
    assert stored.profile_number == "123456THA"
    assert stored.card_number == "38.123456"
    assert stored.person.birth_date == "1985-04"
    assert stored.person.phone == "0912345678"
    assert stored.unit_path == stored.person.unit_path == cell.path
    assert stored.history.count() == stored.person.history.count() == 1
    assert AuditEvent.objects.filter(action="member.created", object_id=str(member.pk)).exists()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"full_name": " "}, ("required", "full_name")),
        ({"status": ""}, ("required", "status")),
        ({"status": "no_such"}, ("unknown_code", "status")),
        ({"birth_date": "31/02/1980"}, ("bad_date", "birth_date")),
        ({"personal_id": "12345"}, ("bad_personal_id", "personal_id")),
        ({"profile_number": "12A"}, ("bad_profile_number", "profile_number")),
        ({"card_number": "00.000000"}, ("bad_card_number", "card_number")),
        ({"phone": "12"}, ("bad_phone", "phone")),
        ({"native_place": "x" * 251}, ("too_long", "native_place")),
        ({"is_staff": "1"}, ("no_such_field", "is_staff")),
        (
            {"joined_date": "05/05/2020", "official_date": "05/05/2020"},
            ("official_not_after_joined", "official_date"),
        ),
        (
            {"status": "du_bi", "official_date": "05/05/2020"},
            ("probationary_with_official_date", "official_date"),
        ),
        ({"joined_date": "2999"}, ("in_the_future", "joined_date")),
    ],
)
def test_bad_values_are_refused_by_field_and_nothing_is_stored(
    values: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(RefusedError) as refused:
        make_member(**{"name": "Trần Thị Mẫu", **values})
    assert problem in codes(refused)
    assert not Person.objects.exists()
    assert not Member.objects.exists()


@pytest.mark.parametrize("field", ["personal_id", "profile_number", "card_number"])
def test_numbers_are_used_once(field: str) -> None:
    numbers = {"personal_id": "038085000001", "profile_number": "123456THA"}
    values: dict[str, Any] = {field: numbers.get(field, "38.123456")}
    make_member(**values)
    with pytest.raises(RefusedError) as refused:
        make_member(**values)
    assert codes(refused) == {("already_used", field)}
    assert Member.objects.count() == 1


def test_a_card_of_somebody_who_left_may_be_given_again() -> None:
    make_member(card_number="38.123456", status="khai_tru", left_date="2020")
    make_member(card_number="38.123456")
    assert Member.objects.on_register().count() == 1


def test_an_update_needs_reason_basis_and_the_edition_one_saw() -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    with pytest.raises(RefusedError) as refused:
        update_member(
            actor=keeper,
            now=NOW,
            member=member,
            edition="9.9",
            values={"occupation": "Giáo viên"},
            reason="",
            basis=" ",
        )
    assert codes(refused) == {
        ("stale", ""),
        ("reason_missing", "reason"),
        ("basis_missing", "basis"),
    }


def test_an_update_writes_version_history_and_trail() -> None:
    keeper = make_officer("keeper")
    member = make_member("Nguyễn Văn An", unit=keeper.unit)
    make_cadre(unit=keeper.unit, person=member.person)
    updated = change(member, keeper, full_name="Trần Đình Ân", joined_cell="Chi bộ 1")
    assert updated.edition == "2.2"
    assert (updated.given_name, updated.family_name) == ("Ân", "Trần")
    assert Cadre.objects.get().search_name == " tran dinh an "
    version = updated.history.first()
    assert version is not None
    assert (version.history_user, version.history_change_reason) == (keeper, "Đính chính")
    assert version.basis == "QĐ 12-QĐ/ĐU"
    line = AuditEvent.objects.get(action="member.changed")
    assert line.fields == ["full_name", "joined_cell"]
    assert line.reason == "Đính chính"


def test_saving_what_stands_already_changes_nothing() -> None:
    keeper = make_officer("keeper")
    member = make_member("Nguyễn Văn An", unit=keeper.unit)
    assert change(member, keeper, full_name="Nguyễn Văn An").edition == "1.1"
    assert not AuditEvent.objects.filter(action="member.changed").exists()


@pytest.mark.parametrize("role", ["cell_secretary", "operator", "administrator"])
def test_only_keepers_change_records(role: str) -> None:
    officer = make_officer(role)
    member = make_member(unit=officer.unit)
    with pytest.raises(RefusedError) as refused:
        change(member, officer, occupation="Giáo viên")
    assert codes(refused) == {("not_allowed", "")}
    assert Person.objects.get().occupation == ""


@pytest.mark.parametrize("guess", ["01", "02", ""])
def test_a_field_that_one_may_not_read_can_neither_be_changed_nor_guessed(guess: str) -> None:
    """A right guess changes nothing; letting it through would say that it is right."""
    keeper = make_user()
    grant_role(keeper, "keeper", max_sensitivity=1)
    member = make_member(unit=keeper.unit, religion="01")
    with pytest.raises(RefusedError) as refused:
        change(member, keeper, religion=guess)
    assert codes(refused) == {("hidden_field", "religion")}


@pytest.mark.parametrize("inside", [True, False])
def test_a_row_moves_only_within_ones_own_reach(inside: bool) -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=make_cell(parent=keeper.unit))
    target = make_cell(parent=keeper.unit) if inside else make_cell()
    move: dict[str, Any] = {
        "actor": keeper,
        "now": NOW,
        "member": member,
        "edition": member.edition,
        "values": {},
        "reason": "Chuyển",
        "basis": "QĐ",
        "unit": target,
    }
    if inside:
        moved = update_member(**move)
        assert moved.unit_path == Person.objects.get().unit_path == target.path
    else:
        with pytest.raises(RefusedError):
            update_member(**move)
        assert Member.objects.get().unit_id == member.unit_id


def test_a_raised_level_holds_for_everything_kept_of_the_person() -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit, level=0)
    cadre = make_cadre(unit=keeper.unit, person=member.person)  # level 1: raises the rest
    member.refresh_from_db()
    assert (member.level, member.person.level, cadre.level) == (1, 1, 1)
    assert member.history.count() == 2
    assert AuditEvent.objects.filter(action="member.changed", fields=["level"]).count() == 1


def test_members_registered_together_are_all_there_or_none() -> None:
    load_code_lists()
    cell = make_cell()
    good = MemberRow(cell, {"full_name": "Nguyễn Văn An", "status": "du_bi"})
    bad = MemberRow(cell, {"full_name": "", "status": "du_bi"})
    with pytest.raises(RefusedError) as refused:
        register_members([good, bad], actor=None, now=NOW, reason="Nhập")
    assert refused.value.problems[0].message.count("2") == 1
    assert not Member.objects.exists()
    members = register_members([good, good], actor=None, now=NOW, reason="Nhập")
    assert [m.history.count() for m in members] == [1, 1]
    assert [m.person.history.count() for m in members] == [1, 1]
    assert AuditEvent.objects.get(action="member.registered").object_ids == [m.pk for m in members]


def test_a_member_sees_his_own_record_and_no_other() -> None:
    cell = make_cell()
    member, _other = make_member(unit=cell), make_member(unit=cell)
    user = make_officer("member", unit=cell)
    assert not Member.objects.visible_to(user).exists()
    grant_own_record(actor=None, now=NOW, member=member, user=user, reason="Của mình")
    grant_own_record(actor=None, now=NOW, member=member, user=user, reason="Của mình")
    user._scopes = None
    assert [row.pk for row in Member.objects.visible_to(user)] == [member.pk]


def test_rows_follow_their_unit_when_it_moves() -> None:
    old, new = make_unit(), make_unit()
    cell = make_cell(parent=old)
    member = make_member(unit=cell)
    move_unit(actor=None, unit=cell, parent=new)
    member.refresh_from_db()
    assert member.unit_path == Person.objects.get().unit_path == f"{new.path}{cell.pk}/"
    assert Unit.objects.get(pk=cell.pk).path == member.unit_path


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_member SET given_name = 'Khác'",
        "UPDATE records_member SET unit_path = '/0/'",
        "UPDATE records_member SET official_date = '1990' , joined_date = '1991-02'",
        "UPDATE records_member SET official_date = '31/12/1990'",
        "UPDATE records_member SET profile_number = 'x'",
        "UPDATE records_member SET status = 'du_bi', official_date = '2020'",
        "UPDATE records_member SET sensitivity = 0",
        "UPDATE records_person SET personal_id = '1'",
    ],
)
def test_the_database_itself_refuses(sql: str) -> None:
    make_member()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_cadre_is_changed_like_a_member() -> None:
    keeper = make_officer("keeper")
    cadre = make_cadre(unit=keeper.unit)
    updated = update_cadre(
        actor=keeper,
        now=NOW,
        cadre=cadre,
        edition=cadre.edition,
        values={"post": "Phó phòng", "managed_centrally": True, "ethnicity": "01"},
        reason="Bổ nhiệm",
        basis="QĐ 7",
    )
    assert (updated.post, updated.managed_centrally, updated.edition) == ("Phó phòng", True, "2.2")
