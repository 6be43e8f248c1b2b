"""Levels of rows: what the database asks for, and deciding on them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from digitization.models import Dossier, Page
from digitization.services import create_lot, open_dossier, receive_file
from records.models import Member, Person
from records.services import create_cadre
from security.files import open_blob
from security.models import AuditEvent, Classification, Protected, StoredFile, protected_models
from security.services import RefusedError
from security.services.secrecy import newest_of
from tests.digitization.make import NOW, Room, chunks, make_dossier, make_pages, make_room, scan
from tests.records.make import make_cadre, make_member
from tests.security.make import (
    grant_role,
    make_approval,
    make_classified,
    make_officer,
    make_unit,
    make_user,
)
from tests.security.secrecy import LATER, cleared, codes, decide

pytestmark = pytest.mark.django_db


# --- the database -----------------------------------------------------------------------


@pytest.mark.parametrize("model", protected_models(), ids=lambda model: model._meta.label_lower)
def test_every_protected_table_asks_for_a_classification(model: type[Protected]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgdeferrable, tginitdeferred, tgenabled::text, encode(tgargs, 'escape') "
            "FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'classified_level'",
            [model._meta.db_table],
        )
        found = cursor.fetchone()
    assert found is not None, f"{model._meta.db_table} lacks ClassifiedLevel in its migration"
    assert found[:3] == (True, True, "O")
    assert found[3].startswith(model._meta.label_lower)


def put(row: Protected, level: int) -> None:
    """Past every service, straight into the table, as if the transaction ended now."""
    with transaction.atomic():
        type(row)._default_manager.filter(pk=row.pk).update(level=level)
        connection.check_constraints()


@pytest.mark.parametrize("level", [2, 3])
def test_the_database_refuses_a_level_without_its_own_decision(level: int) -> None:
    member = make_classified(make_member(), 2)
    other = make_member()
    with pytest.raises(IntegrityError, match="without an approved classification"):
        put(member.person, level)
    with pytest.raises(IntegrityError, match="without an approved classification"):
        put(other, level)
    with pytest.raises(IntegrityError):
        put(member, 3)  # decided as 2
    connection.check_constraints()


def test_a_decision_and_its_row_cannot_drift_apart() -> None:
    member = make_classified(make_member(), 2)
    decisions = Classification.objects.all()
    with pytest.raises(IntegrityError, match="classified as 2, kept at 1"):
        _decided_but_not_kept(member)
    with pytest.raises(IntegrityError, match="history"), transaction.atomic():
        decisions.update(level=1)
    with pytest.raises(IntegrityError, match="history"), transaction.atomic():
        decisions.delete()


def _decided_but_not_kept(member: Member) -> None:
    decided = newest_of(member)
    with transaction.atomic():
        Member.objects.filter(pk=member.pk).update(level=1)
        Classification.objects.create(**_copy(decided))
        connection.check_constraints()


def _copy(one: Classification | None) -> dict[str, Any]:
    assert one is not None
    return {
        field.attname: getattr(one, field.attname)
        for field in one._meta.concrete_fields
        if not field.primary_key
    }


# --- raising and lowering ---------------------------------------------------------------


@pytest.mark.usefixtures("high")
def test_raising_leaves_a_decision_history_and_a_line_and_takes_the_person_along() -> None:
    keeper = cleared()
    member = make_member(unit=keeper.unit)
    cadre = make_cadre(unit=make_unit(), person=member.person)
    approval = make_approval(2)
    made = decide(keeper, member, 2, reason="Phụ lục thử")
    assert (made.kind, made.previous_level, made.approval) == ("raised", 1, approval)
    for row in (member, member.person, cadre):
        row.refresh_from_db()
        decision = newest_of(row)
        assert (row.level, decision and decision.level) == (2, 2)
    assert member.history.count() == 2
    line = AuditEvent.objects.get(action="level.raised", object_id=str(member.pk))
    assert (line.object_level, line.fields, line.reason) == (2, ["level"], "1 -> 2; Phụ lục thử")
    assert AuditEvent.objects.filter(action="level.raised", object_ids=[cadre.pk]).exists()
    connection.check_constraints()


@pytest.mark.usefixtures("high")
def test_a_raised_dossier_takes_its_pages_and_files_along_and_lowered_leaves_them() -> None:
    room, dossier, pages = _dossier()
    keeper = cleared(unit=room.unit)
    make_approval(2)
    decide(keeper, dossier, 2)
    assert set(Page.objects.values_list("level", flat=True)) == {2}
    assert StoredFile.objects.get().level == 2
    assert not Page.objects.visible_to(room.operator).exists()
    decide(keeper, dossier, 1, reason="Giải mật thử")
    dossier.refresh_from_db()
    assert dossier.level == 1
    assert set(Page.objects.values_list("level", flat=True)) == {2}
    decide(keeper, pages[0], 1, reason="Giải mật thử")
    assert list(Page.objects.in_order().values_list("level", flat=True)) == [1, 2]
    connection.check_constraints()


@pytest.mark.usefixtures("high")
def test_a_page_is_never_lower_than_its_dossier() -> None:
    room, dossier, pages = _dossier()
    keeper = cleared(unit=room.unit)
    make_approval(2)
    decide(keeper, dossier, 2)
    with pytest.raises(RefusedError) as refused:
        decide(keeper, pages[0], 1, reason="x")
    assert codes(refused) == {"below_holder"}
    assert Page.objects.filter(level=2).count() == 2


@pytest.mark.usefixtures("high")
def test_a_file_stays_where_it_is_when_its_level_changes() -> None:
    room = make_room()
    dossier = make_dossier(room)
    receive_file(actor=room.operator, dossier=dossier, name="a.png", chunks=chunks(scan()), now=NOW)
    before = StoredFile.objects.get()
    make_approval(2)
    decide(cleared(unit=room.unit), dossier, 2)
    after = StoredFile.objects.get()
    assert (after.level, after.blob) == (2, before.blob)
    with open_blob(after.blob) as stored:
        assert stored.read(4) == b"\x89PNG"


@pytest.mark.usefixtures("high")
def test_whatever_comes_into_a_classified_lot_has_its_level_and_decision() -> None:
    room = make_room()
    keeper = cleared(unit=room.unit)
    operator = cleared("operator", unit=room.unit)
    make_approval(2)
    decide(keeper, room.programme, 2)
    room.lot.refresh_from_db()
    assert room.lot.level == 2
    lot = create_lot(actor=keeper, programme=room.programme, code="L-M", now=NOW)
    dossier = open_dossier(actor=operator, lot=lot, code="HS-M", now=NOW)
    receive_file(actor=operator, dossier=dossier, name="a.png", chunks=chunks(scan()), now=NOW)
    page = Page.objects.get()
    for row in (lot, dossier, page, page.source.stored):
        assert row.level == 2
        decision = newest_of(row)
        assert decision is not None
        assert decision.legal_basis == "Luật thử, Điều 1"
    connection.check_constraints()


@pytest.mark.usefixtures("high")
def test_a_classified_persons_new_row_stands_on_his_decision() -> None:
    member = make_member()
    keeper = cleared(unit=member.unit)
    make_approval(2)
    decide(keeper, member, 2)
    member.refresh_from_db()
    cadre = create_cadre(
        actor=None, now=NOW, unit=member.unit, values={"post": "Thử"}, person=member.person
    )
    assert cadre.level == 2
    connection.check_constraints()


@pytest.mark.usefixtures("high")
@pytest.mark.parametrize(
    ("role", "clearance", "at"),
    [
        ("keeper", 1, "own"),  # not cleared for the new level
        ("keeper", 3, "other"),  # another unit
        ("inspector", 3, "own"),  # the role may not classify
    ],
)
def test_raising_takes_the_action_over_the_row_at_its_old_and_new_level(
    role: str, clearance: int, at: str
) -> None:
    room, dossier, _pages = _dossier()
    officer = make_user(unit=room.unit, clearance=clearance)
    where = room.unit if at == "own" else make_unit()
    grant_role(officer, role, where, max_level=3)
    make_approval(2)
    with pytest.raises(RefusedError) as refused:
        decide(officer, dossier, 2)
    assert codes(refused) == {"not_allowed"}
    assert Dossier.objects.get().level == 1
    assert not Classification.objects.exists()


@pytest.mark.usefixtures("high")
def test_lowering_is_its_own_action_with_a_reason() -> None:
    keeper = cleared()
    member = make_member(unit=keeper.unit)
    make_approval(2)
    decide(keeper, member, 2)
    with pytest.raises(RefusedError) as refused:
        decide(keeper, member, 1)
    assert codes(refused) == {"reason_missing"}
    half = make_user(unit=keeper.unit, clearance=3)
    grant_role(half, "keeper", max_level=1)
    with pytest.raises(RefusedError) as refused:
        decide(half, member, 1, reason="x")
    assert codes(refused) == {"not_allowed"}
    member.refresh_from_db()
    assert member.level == 2
    made = decide(keeper, member, 1, reason="Hết hạn bảo vệ")
    assert (made.kind, made.previous_level, made.level) == ("lowered", 2, 1)
    assert Person.objects.get().level == 1
    assert AuditEvent.objects.filter(action="level.lowered", object_id=str(member.pk)).exists()


@pytest.mark.usefixtures("high")
def test_a_person_is_lowered_in_all_registers_or_in_none() -> None:
    member = make_member()
    cadre = make_cadre(unit=make_unit(), person=member.person)
    keeper = cleared(unit=member.unit)
    make_approval(2)
    decide(keeper, member, 2)
    with pytest.raises(RefusedError) as refused:
        decide(keeper, member, 1, reason="x")  # the cadre row lies elsewhere
    assert codes(refused) == {"not_allowed"}
    assert Member.objects.get().level == 2
    grant_role(keeper, "keeper", cadre.unit, max_level=3)
    decide(keeper, member, 1, reason="x")
    cadre.refresh_from_db()
    assert cadre.level == 1


def test_confirming_moves_the_review_and_nothing_else() -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    made = decide(keeper, member, 1, reason="Vẫn đúng")
    assert (made.kind, made.review_on) == ("reviewed", LATER)
    assert member.history.count() == 1
    assert AuditEvent.objects.filter(action="level.reviewed").count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"legal_basis": " "}, "basis_missing"),
        ({"review_on": timezone.localdate()}, "review_not_ahead"),
    ],
)
def test_a_decision_without_basis_or_later_review_is_refused(
    fields: dict[str, Any], code: str
) -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    with pytest.raises(RefusedError) as refused:
        decide(keeper, member, 1, **fields)
    assert codes(refused) == {code}
    assert not Classification.objects.exists()


def _dossier() -> tuple[Room, Dossier, list[Page]]:
    room = make_room()
    dossier = make_dossier(room)
    return room, dossier, make_pages(dossier, 2)
