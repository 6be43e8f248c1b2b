from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Task
from campaign.services import load_plan
from digitization.models import Dossier, Page
from digitization.services import create_lot, open_dossier, receive_file
from records.models import Member, Person
from records.services import MemberRow, create_cadre, create_member, register_members
from security.files import open_blob
from security.models import (
    AuditEvent,
    Classification,
    Protected,
    SecrecyApproval,
    StoredFile,
    User,
    protected_models,
)
from security.services import RefusedError
from security.services.approvals import load_standing, record_approval, withdraw_approval
from security.services.secrecy import Basis, classify, newest_of, review_standing
from tests.campaign.make import PLAN
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

pytestmark = pytest.mark.django_db
LATER = timezone.localdate() + timedelta(days=365)


def basis(**fields: Any) -> Basis:
    return Basis(**{"legal_basis": "Luật thử, Điều 1", "review_on": LATER, **fields})


def decide(actor: User, row: Protected, level: int, **fields: Any) -> Classification:
    return classify(actor=actor, row=row, level=level, basis=basis(**fields), now=timezone.now())


def codes(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def cleared(role: str = "keeper", *, level: int = 3, **fields: Any) -> User:
    user = make_user(clearance=level, **fields)
    grant_role(user, role, max_level=level)
    return user


@pytest.fixture
def high(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 3


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


# --- approvals --------------------------------------------------------------------------


@pytest.mark.usefixtures("high")
@pytest.mark.parametrize(
    "fields",
    [
        {"level": 3},
        {"withdrawn": True},
        {"valid_to": date(2020, 6, 1)},
        {"date": timezone.localdate() + timedelta(days=1)},
    ],
)
def test_levels_2_and_3_need_an_approval_in_force_for_that_level(fields: dict[str, Any]) -> None:
    keeper = cleared()
    member = make_member(unit=keeper.unit)
    withdrawn = fields.pop("withdrawn", False)
    approval = make_approval(fields.pop("level", 2), **fields)
    if withdrawn:
        officer = make_officer("security_officer")
        withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="x")
    with pytest.raises(RefusedError) as refused:
        decide(keeper, member, 2)
    assert codes(refused) == {"not_approved"}
    member.refresh_from_db()
    assert member.level == 1


def approve(actor: User, **fields: Any) -> SecrecyApproval:
    values: dict[str, Any] = {
        "level": 2,
        "number": "01-QĐ/CY",
        "date": timezone.localdate(),
        "approved_by_name": "Lãnh đạo cơ quan",
        "basis": "Quyết định thử",
        "cipher": "Mô-đun thử",
    }
    return record_approval(actor=actor, now=timezone.now(), **{**values, **fields})


@pytest.mark.usefixtures("high")
def test_an_approval_is_recorded_and_withdrawn_by_a_security_officer() -> None:
    officer = make_officer("security_officer")
    approval = approve(officer)
    assert list(SecrecyApproval.objects.in_force(timezone.localdate())) == [approval]
    assert AuditEvent.objects.get(action="approval.recorded").object_id == str(approval.pk)
    withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="Hết hạn")
    assert not SecrecyApproval.objects.in_force(timezone.localdate()).exists()
    with pytest.raises(RefusedError) as refused:
        withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="x")
    assert codes(refused) == {"withdrawn"}


@pytest.mark.usefixtures("high")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"level": 1}, "not_approvable"),
        ({"level": 4}, "above_ceiling"),
        ({"cipher": " "}, "text_missing"),
        ({"date": timezone.localdate() + timedelta(days=1)}, "dates"),
        ({"valid_to": timezone.localdate() - timedelta(days=1)}, "dates"),
    ],
)
def test_an_approval_that_says_too_little_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("security_officer"), **fields)
    assert code in codes(refused)
    assert not SecrecyApproval.objects.exists()


def test_approvals_are_no_keepers_business_and_stop_at_the_ceiling() -> None:
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("keeper"))
    assert codes(refused) == {"not_allowed"}
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("security_officer"))
    assert codes(refused) == {"above_ceiling"}


# --- standing decisions -----------------------------------------------------------------


def test_every_kind_of_row_rests_on_a_standing_decision() -> None:
    load_standing(now=timezone.now())
    assert load_standing(now=timezone.now()) == 0
    standing = Classification.objects.filter(kind="standing")
    kinds = {model._meta.label_lower for model in protected_models()}
    assert set(standing.values_list("object_type", flat=True)) == kinds
    assert all(one.review_on > timezone.localdate() and one.level == 1 for one in standing)


def test_a_standing_decision_is_confirmed_by_a_security_officer() -> None:
    load_standing(now=timezone.now())
    old = Classification.objects.get(object_type="campaign.task")
    with pytest.raises(RefusedError):
        review_standing(
            actor=make_officer("keeper"), standing=old, basis=basis(), now=timezone.now()
        )
    officer = make_officer("security_officer")
    made = review_standing(actor=officer, standing=old, basis=basis(), now=timezone.now())
    assert (made.kind, made.classified_by, made.review_on) == ("standing", officer, LATER)
    assert Classification.objects.filter(object_type="campaign.task").count() == 2


# --- the ceiling at every door ----------------------------------------------------------


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_classifying_stops_at_the_ceiling(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    keeper = cleared()
    member = make_member(unit=keeper.unit, level=0)
    for level in (2, 3):
        make_approval(level)
    settings.MAX_SECRECY_LEVEL = ceiling
    for level in (1, 2, 3, 4):
        if level <= ceiling:
            decide(keeper, member, level)
            continue
        with pytest.raises(RefusedError) as refused:
            decide(keeper, member, level)
        assert codes(refused) == {"above_ceiling"}
    member.refresh_from_db()
    assert member.level == ceiling


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_the_registers_take_nothing_above_the_ceiling(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = ceiling
    unit, values = make_unit(), {"full_name": "Lê An", "status": "du_bi"}
    make_member(level=0)  # the code lists
    for level in range(5):
        expected = "" if level <= min(ceiling, 1) else "needs_classification"
        expected = expected if level <= ceiling else "above_ceiling"
        seen = set()
        try:
            create_member(actor=None, now=NOW, unit=unit, values=values, level=level)
        except RefusedError as refused:
            seen |= {problem.code for problem in refused.problems}
        try:
            register_members(
                [MemberRow(unit, values, level=level)], actor=None, now=NOW, reason="x"
            )
        except RefusedError as refused:
            seen |= {problem.code for problem in refused.problems}
        assert seen == ({expected} if expected else set()), level
    assert max(Member.objects.values_list("level", flat=True)) == min(ceiling, 1)


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_a_plan_file_comes_in_only_where_internal_content_may(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = ceiling
    if ceiling == 0:
        with pytest.raises(RefusedError) as refused:
            load_plan(PLAN, actor=None, now=timezone.now())
        assert codes(refused) == {"above_ceiling"}
        with pytest.raises(CommandError, match="nothing loaded"):
            call_command("load_plan", str(PLAN))
        assert not Task.objects.exists()
    else:
        load_plan(PLAN, actor=None, now=timezone.now())
        assert set(Task.objects.values_list("level", flat=True)) == {1}


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_command_and_browser_take_scans_up_to_the_ceiling_too(
    settings: Any, tmp_path: Path, client: Client, ceiling: int
) -> None:
    room = make_room()
    dossier = make_dossier(room)
    settings.MAX_SECRECY_LEVEL = ceiling
    one, other = tmp_path / "a.png", scan("Trang khác")
    one.write_bytes(scan())
    out = StringIO()
    named = ("--dossier", dossier.code, "--as", room.operator.username)
    with suppress(SystemExit):
        call_command("ingest", str(one), *named, stdout=out)
    line = json.loads(out.getvalue())
    client.force_login(room.operator)
    answer = client.post(
        reverse("digitization:dossier_upload", args=[dossier.pk]),
        {"files": SimpleUploadedFile("b.png", other)},
        headers={"Accept": "application/json"},
    ).json()["files"][0]
    if ceiling == 0:
        assert (line["state"], line["code"]) == ("refused", "above_ceiling")
        assert (answer["state"], answer["error"]) == ("refused", line["error"])
    else:
        assert (line["state"], answer["state"]) == ("queued", "received")
    assert StoredFile.objects.count() == (0 if ceiling == 0 else 2)


@pytest.mark.parametrize("ceiling", [0, 1, 2])
@pytest.mark.parametrize("level", [1, 2])
def test_scans_come_in_only_up_to_the_ceiling(settings: Any, ceiling: int, level: int) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    room = make_room()
    operator = cleared("operator", unit=room.unit)
    if level == 2:
        make_approval(2)
        decide(cleared(unit=room.unit), room.lot, 2)
    room.lot.refresh_from_db()
    dossier = open_dossier(actor=operator, lot=room.lot, code="HS-T", now=NOW)
    settings.MAX_SECRECY_LEVEL = ceiling
    terms: dict[str, Any] = {"actor": operator, "now": NOW}
    if level <= ceiling:
        receive_file(dossier=dossier, name="a.png", chunks=chunks(scan()), **terms)
        return
    with pytest.raises(RefusedError) as refused:
        receive_file(dossier=dossier, name="a.png", chunks=chunks(scan()), **terms)
    assert codes(refused) == {"above_ceiling"}
    with pytest.raises(RefusedError) as refused:
        open_dossier(lot=room.lot, code="HS-U", **terms)
    assert codes(refused) == {"above_ceiling"}
    assert not StoredFile.objects.exists()
    assert AuditEvent.objects.filter(action="file.refused", decision="denied").count() == 1
