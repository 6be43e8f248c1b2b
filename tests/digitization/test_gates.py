"""The two gates of this issue, in the service and against whoever writes past it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from digitization import services
from digitization.models import Dossier, IndexValue, Lot, Page, Programme, ProgrammeStep
from security.models import AuditEvent
from security.services import RefusedError
from tests.digitization.make import (
    NOW,
    give_index,
    make_dossier,
    make_pages,
    make_programme,
    make_room,
)
from tests.security.make import make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in error.value.problems}


def sql(statement: str, *params: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def insert_lot(programme: Programme) -> None:
    Lot.objects.create(
        programme=programme,
        code="past the service",
        unit_id=programme.unit_id,
        unit_path=programme.unit_path,
        created_at=NOW,
    )


def test_a_programme_begins_with_seven_steps_and_its_catalogue() -> None:
    programme = make_programme(keeper=make_officer("keeper"))
    steps = list(programme.steps.all())
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert steps[0].state == ProgrammeStep.State.OPEN
    assert steps[5].control_point.startswith("Không nghiệm thu nếu chỉ quét ảnh")
    assert programme.types.count() == 104
    assert programme.index_fields.filter(required=True).count() == 3


def test_step_1_closes_with_its_evidence() -> None:
    keeper = make_officer("keeper")
    programme = make_programme(keeper=keeper)
    step = services.close_step_1(actor=keeper, programme=programme, now=NOW)
    assert step.evidence == {
        "types_expected": 1,
        "papers_expected": 10,
        "lead_unit": programme.unit.code,
        "focal_person": keeper.username,
    }
    assert programme.steps.get(number=2).state == ProgrammeStep.State.OPEN
    assert AuditEvent.objects.filter(action="programme.step_closed").exists()


def test_step_1_lists_everything_that_is_missing() -> None:
    keeper = make_officer("keeper")
    programme = make_programme(keeper=keeper, focal=False, expected={})
    with pytest.raises(RefusedError) as error:
        services.close_step_1(actor=keeper, programme=programme, now=NOW)
    assert codes(error) == {"no_catalogue", "no_focal_person"}
    assert programme.steps.get(number=1).state == ProgrammeStep.State.OPEN


@pytest.mark.parametrize(
    ("focal", "expected", "constraint"),
    [
        (False, {"phieu_dang_vien": 1}, "focal person"),
        (True, {}, "catalogue"),
        (True, {"phieu_dang_vien": 1}, "step 1"),
    ],
)
def test_no_lot_before_the_gate(focal: bool, expected: dict[str, int], constraint: str) -> None:
    keeper = make_officer("keeper")
    programme = make_programme(keeper=keeper, focal=focal, expected=expected)
    with pytest.raises(RefusedError) as error:
        services.create_lot(actor=keeper, programme=programme, code="L1", now=NOW)
    assert "step_1_open" in codes(error)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        insert_lot(programme)
    assert not programme.lots.exists()


def test_a_programme_with_lots_keeps_its_focal_person_and_catalogue() -> None:
    room = make_room()
    with pytest.raises(IntegrityError, match="focal person"), transaction.atomic():
        Programme.objects.filter(pk=room.programme.pk).update(focal_person=None)
    with pytest.raises(IntegrityError, match="catalogue"), transaction.atomic():
        room.programme.types.update(expected_count=None)
    with pytest.raises(IntegrityError, match="catalogue"), transaction.atomic():
        room.programme.types.all().delete()


def test_only_a_keeper_makes_lots_and_only_an_operator_gets_them() -> None:
    room = make_room()
    with pytest.raises(RefusedError) as error:
        services.create_lot(actor=room.operator, programme=room.programme, code="X", now=NOW)
    assert codes(error) == {"not_allowed"}
    with pytest.raises(RefusedError) as error:
        services.assign_lot(actor=room.keeper, lot=room.lot, operator=room.inspector, now=NOW)
    assert codes(error) == {"not_operator"}


def test_images_without_index_data_are_not_accepted() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, 2, state="done")
    with pytest.raises(RefusedError) as error:
        services.accept_lot(actor=room.inspector, lot=room.lot, now=NOW)
    assert codes(error) == {"index_missing"}
    give_index(room, dossier)
    assert services.accept_lot(actor=room.inspector, lot=room.lot, now=NOW).state == "accepted"


ACCEPT = (
    "UPDATE digitization_lot SET state = 'accepted', judged_by_id = %s, judged_at = now() "
    "WHERE id = %s"
)


def test_the_database_refuses_images_without_index_data() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, state="done")
    with pytest.raises(IntegrityError, match="without minimum index data"):
        sql(ACCEPT, room.inspector.pk, room.lot.pk)
    give_index(room, dossier)
    IndexValue.objects.filter(key="full_name").delete()
    with pytest.raises(IntegrityError, match="without minimum index data"):
        sql(ACCEPT, room.inspector.pk, room.lot.pk)
    room.programme.index_fields.update(required=False)
    with pytest.raises(IntegrityError, match="names no minimum index data"):
        sql(ACCEPT, room.inspector.pk, room.lot.pk)


@pytest.mark.parametrize("state", ["queued", "failed"])
def test_the_database_refuses_unread_pages_and_empty_lots(state: str) -> None:
    room = make_room()
    with pytest.raises(IntegrityError, match="empty lot"):
        sql(ACCEPT, room.inspector.pk, room.lot.pk)
    dossier = make_dossier(room)
    make_pages(dossier, state=state)
    give_index(room, dossier)
    with pytest.raises(IntegrityError, match="read or excused"):
        sql(ACCEPT, room.inspector.pk, room.lot.pk)


def test_nobody_accepts_his_own_work() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, state="done")
    give_index(room, dossier)
    with pytest.raises(IntegrityError, match="lot_inspector_is_not_operator"):
        sql(ACCEPT, room.operator.pk, room.lot.pk)
    with pytest.raises(RefusedError) as error:
        services.accept_lot(actor=room.operator, lot=room.lot, now=NOW)
    assert codes(error) == {"not_allowed"}


def test_an_accepted_lot_does_not_change() -> None:
    room = make_room()
    dossier = make_dossier(room)
    pages = make_pages(dossier, state="done")
    give_index(room, dossier)
    services.accept_lot(actor=room.inspector, lot=room.lot, now=NOW)
    with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
        IndexValue.objects.filter(dossier=dossier).delete()
    with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
        make_pages(dossier)
    with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
        Dossier.objects.create(lot=room.lot, code="late", created_at=NOW, **room.unit.placement)
    with pytest.raises(RefusedError):
        services.correct_text(actor=room.operator, page=pages[0], text="x", version=1, now=NOW)
    with pytest.raises(RefusedError):
        make_dossier(room)


def test_a_lot_is_returned_whole_and_taken_up_again() -> None:
    room = make_room()
    with pytest.raises(RefusedError) as error:
        services.reject_lot(actor=room.inspector, lot=room.lot, now=NOW, reason=" ")
    assert codes(error) == {"reason_missing"}
    lot = services.reject_lot(actor=room.inspector, lot=room.lot, now=NOW, reason="Trang mờ")
    assert (lot.state, lot.reason) == ("rejected", "Trang mờ")
    with pytest.raises(RefusedError):
        make_dossier(room)
    assert services.reopen_lot(actor=room.operator, lot=lot, now=NOW).state == "open"


def test_a_page_that_cannot_be_read_is_excused_with_a_reason() -> None:
    room = make_room()
    dossier = make_dossier(room)
    page = make_pages(dossier, state="failed")[0]
    give_index(room, dossier)
    with pytest.raises(RefusedError) as error:
        services.accept_lot(actor=room.inspector, lot=room.lot, now=NOW)
    assert codes(error) == {"pages_failed"}
    services.excuse_page(actor=room.operator, page=page, reason="Giấy rách", now=NOW)
    services.accept_lot(actor=room.inspector, lot=room.lot, now=NOW)


def test_counters_follow_every_way_a_job_goes() -> None:
    room = make_room()
    dossier = make_dossier(room)
    pages = make_pages(dossier, 3) + make_pages(dossier, 2, state="failed")
    counter = room.lot.counter
    counter.refresh_from_db()
    assert (counter.stored, counter.queued, counter.failed) == (5, 3, 2)
    assert services.retry_failed(actor=room.operator, on=room.lot, now=NOW) == 2
    counter.refresh_from_db()
    assert (counter.queued, counter.failed) == (5, 0)
    Page.objects.filter(pk=pages[0].pk).delete()
    counter.refresh_from_db()
    assert (counter.stored, counter.queued) == (4, 4)


def test_a_correction_needs_the_version_it_was_made_on() -> None:
    room = make_room()
    page = make_pages(make_dossier(room), text="Lê Thị Huờng", state="done")[0]
    done = services.correct_text(
        actor=room.operator, page=page, text="Lê Thị Hường", version=1, now=NOW
    )
    assert (done.text, done.current_text, done.text_folded) == (
        "Lê Thị Huờng",
        "Lê Thị Hường",
        "le thi huong",
    )
    with pytest.raises(RefusedError) as error:
        services.correct_text(actor=room.operator, page=page, text="x", version=1, now=NOW)
    assert codes(error) == {"page_changed"}


def test_index_values_are_checked_and_kept_once() -> None:
    room = make_room()
    dossier = make_dossier(room)
    for key, value, code in (
        ("personal_id", "123", "not_identity"),
        ("full_name", "  ", "value_missing"),
        ("shoe_size", "43", "unknown_field"),
    ):
        with pytest.raises(RefusedError) as error:
            services.set_index_value(
                actor=room.operator, dossier=dossier, key=key, value=value, now=NOW
            )
        assert codes(error) == {code}
    give_index(room, dossier)
    give_index(room, dossier)
    assert IndexValue.objects.filter(dossier=dossier).count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        IndexValue.objects.create(
            dossier=dossier, key="full_name", value="x", confirmed_by=room.operator,
            confirmed_at=NOW,
        )  # fmt: skip


def test_a_corrected_index_value_keeps_what_stood_before_and_who_had_confirmed_it() -> None:
    room = make_room()
    dossier = make_dossier(room)
    for who, value in ((room.operator, "Lê Thị Huờng"), (room.inspector, "Lê Thị Hường")):
        row = services.set_index_value(
            actor=who, dossier=dossier, key="full_name", value=value, now=NOW
        )
    past = list(row.history.order_by("history_id").values_list("value", "confirmed_by"))
    assert past == [("Lê Thị Huờng", room.operator.pk), ("Lê Thị Hường", room.inspector.pk)]


def test_a_file_is_one_paper_of_the_catalogue() -> None:
    room = make_room()
    dossier = make_dossier(room)
    source = make_pages(dossier, state="done")[0].source
    type_ = room.programme.types.get(code="phieu_dang_vien")
    first = services.classify_file(actor=room.operator, source=source, type_=type_, now=NOW)
    source.refresh_from_db()
    again = services.classify_file(
        actor=room.operator, source=source, type_=room.programme.types.get(number=2), now=NOW
    )
    assert first.pk == again.pk == source.document_id
    assert dossier.documents.count() == 1


@pytest.mark.parametrize("why", ["closed account", "out of reach"])
def test_the_focal_person_is_active_and_within_reach(why: str) -> None:
    room = make_room()
    closed = make_user(unit=room.unit, is_active=False)
    person = closed if why == "closed account" else make_room().keeper
    count = AuditEvent.objects.filter(action="programme.changed").count()
    with pytest.raises(RefusedError) as refused:
        services.set_focal_person(
            actor=room.keeper, programme=room.programme, person=person, now=NOW
        )
    assert [found.code for found in refused.value.problems] == ["not_focal"]
    with pytest.raises(RefusedError):
        services.create_programme(
            actor=room.keeper, now=NOW, code="KHAC", title="Khác", kind="member", unit=room.unit,
            focal_person=person,
        )  # fmt: skip
    assert not Programme.objects.filter(code="KHAC").exists()
    assert Programme.objects.get(pk=room.programme.pk).focal_person == room.keeper
    assert AuditEvent.objects.filter(action="programme.changed").count() == count


def test_somebody_of_a_unit_below_may_be_the_focal_person() -> None:
    room = make_room()
    person = make_user(unit=make_unit(parent=room.unit))
    services.set_focal_person(actor=room.keeper, programme=room.programme, person=person, now=NOW)
    assert Programme.objects.get(pk=room.programme.pk).focal_person == person
