"""The organisation tree: whoever changes it must manage both places; nothing is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from security.models import AuditEvent, StoredFile, Unit, User
from security.services import (
    RefusedError,
    change_unit,
    create_unit,
    create_user,
    dissolve_unit,
    end_role,
    move_unit,
)
from security.services import grant_role as give_role
from tests.security.make import LONG_AGO, grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def make_file(unit: Unit, number: int = 0) -> StoredFile:
    return StoredFile.objects.create(
        **unit.placement, created_at=LONG_AGO, sha256=f"{number:064x}", blob="b", size=1
    )


def test_a_unit_is_made_below_what_one_manages_and_nowhere_else() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    made = create_unit(actor=admin, code="P1", name="Phòng 1", parent=admin.unit)
    assert made.path == f"{admin.unit.path}{made.pk}/"
    assert AuditEvent.objects.get(action="unit.created", actor_id=admin.pk).object_id == str(
        made.pk
    )
    for parent in (root, make_unit(parent=root), None):
        with pytest.raises(RefusedError) as refused:
            create_unit(actor=admin, code="P2", name="Phòng 2", parent=parent)
        assert code(refused) == {"not_allowed"}
    assert not Unit.objects.filter(code="P2").exists()


def test_a_code_is_given_once() -> None:
    unit = make_unit()
    with pytest.raises(RefusedError) as refused:
        create_unit(actor=None, code=unit.code, name="Khác")
    assert code(refused) == {"code_taken"}


def test_a_new_unit_hangs_where_its_parent_is_now() -> None:
    old, new = make_unit(), make_unit()
    parent = make_unit(parent=old)
    as_read_before = Unit.objects.get(pk=parent.pk)
    move_unit(actor=None, unit=parent, parent=new)
    child = create_unit(actor=None, code="CON", name="Con", parent=as_read_before)
    assert child.path == f"{new.path}{parent.pk}/{child.pk}/"


def test_a_rename_keeps_the_code_and_names_the_field_on_the_trail() -> None:
    admin = make_officer("administrator")
    unit = make_unit(parent=admin.unit, code="VU1", name="Vụ cũ")
    change_unit(actor=admin, unit=unit, name="Vụ mới", kind="office", reason="QĐ 7")
    unit.refresh_from_db()
    assert (unit.name, unit.code) == ("Vụ mới", "VU1")
    line = AuditEvent.objects.get(action="unit.changed")
    assert (line.fields, line.reason) == (["name"], "QĐ 7")
    stranger = make_officer("administrator")
    with pytest.raises(RefusedError):
        change_unit(actor=stranger, unit=unit, name="Vụ lạ", kind="office", reason="x")
    assert Unit.objects.get(pk=unit.pk).name == "Vụ mới"


@pytest.mark.parametrize("missing", ["unit", "old", "new"])
def test_a_move_wants_the_right_on_the_unit_the_old_and_the_new_place(missing: str) -> None:
    root = make_unit()
    old, new = make_unit(parent=root), make_unit(parent=root)
    moved = make_unit(parent=old)
    admin = make_user(unit=root)
    for name, unit in {"unit": moved, "old": old, "new": new}.items():
        if name != missing and not (missing == "unit" and name == "old"):
            grant_role(admin, "administrator", unit)
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=admin, unit=moved, parent=new, reason="x")
    assert code(refused) == {"not_allowed"}
    assert Unit.objects.get(pk=moved.pk).parent == old
    assert not AuditEvent.objects.filter(action="unit.moved").exists()


def test_nobody_brings_a_unit_under_a_role_of_his_own() -> None:
    admin = make_officer("administrator")
    own, other = make_unit(parent=admin.unit), make_unit(parent=admin.unit)
    cell = make_unit(parent=other)
    file = make_file(cell)
    grant_role(admin, "keeper", own)
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=admin, unit=cell, parent=own, reason="Sáp nhập")
    assert code(refused) == {"own_role"}
    file.refresh_from_db()
    assert file.unit_path == cell.path
    grant_role(admin, "keeper", admin.unit)  # what he had before widens nothing
    move_unit(actor=admin, unit=cell, parent=own, reason="Sáp nhập")


def test_a_move_with_both_rights_carries_all_and_says_why() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=root)
    old, new = make_unit(parent=root), make_unit(parent=root)
    moved = make_unit(parent=old)
    row = make_file(make_unit(parent=moved))
    move_unit(actor=admin, unit=moved, parent=new, reason="Sáp nhập")
    row.refresh_from_db()
    assert row.unit_path.startswith(f"{new.path}{moved.pk}/")
    assert AuditEvent.objects.get(action="unit.moved").reason.endswith(": Sáp nhập")


def test_a_unit_stays_where_it_is_or_the_path_would_not_fit() -> None:
    root = make_unit()
    unit = make_unit(parent=root)
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=None, unit=unit, parent=root)
    assert code(refused) == {"same"}
    deep = root
    while len(deep.path) < 250:
        deep = make_unit(parent=deep)
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=None, unit=make_unit(parent=unit).parent or unit, parent=deep)
    assert code(refused) == {"too_deep"}


def test_a_unit_is_dissolved_when_nothing_hangs_on_it_any_more() -> None:
    admin = make_officer("administrator")
    now = timezone.now()
    unit = make_unit(parent=admin.unit)
    below = make_unit(parent=unit)
    person = make_user(unit=unit)
    grant = grant_role(person, "keeper", unit)
    with pytest.raises(RefusedError) as refused:
        dissolve_unit(actor=admin, unit=unit, now=now, reason="x")
    assert code(refused) == {"has_units", "has_people", "has_roles"}
    assert Unit.objects.get(pk=unit.pk).dissolved_on is None

    dissolve_unit(actor=admin, unit=below, now=now, reason="Sáp nhập")
    User.objects.filter(pk=person.pk).update(unit=admin.unit)
    end_role(actor=admin, grant=grant, now=now - timedelta(seconds=1), reason="Sáp nhập")
    dissolve_unit(actor=admin, unit=unit, now=now, reason="Sáp nhập")
    assert Unit.objects.get(pk=unit.pk).dissolved_on == timezone.localdate(now)
    assert AuditEvent.objects.filter(action="unit.dissolved", reason="Sáp nhập").count() == 2


def test_a_unit_dissolved_while_the_form_was_open_gets_no_role() -> None:
    admin = make_officer("administrator")
    unit, person = make_unit(parent=admin.unit), make_user(unit=admin.unit)
    as_read_before = Unit.objects.get(pk=unit.pk)
    now = timezone.now()
    dissolve_unit(actor=admin, unit=unit, now=now, reason="Sáp nhập")
    with pytest.raises(RefusedError) as refused:
        give_role(actor=admin, user=person, role="unit_staff", unit=as_read_before, now=now)
    assert code(refused) == {"dissolved"}
    assert not person.role_grants.exists()


def test_nothing_is_hung_on_a_dissolved_unit() -> None:
    root = make_unit()
    gone = make_unit(parent=root)
    Unit.objects.filter(pk=gone.pk).update(dissolved_on="2026-01-01")
    with pytest.raises(RefusedError) as refused:
        create_unit(actor=None, code="X", name="X", parent=gone)
    assert code(refused) == {"dissolved"}
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=None, unit=make_unit(parent=root), parent=gone)
    assert code(refused) == {"dissolved"}


def test_the_top_of_the_tree_is_not_an_administrators() -> None:
    admin = make_officer("administrator")
    other = make_unit(parent=admin.unit)
    with pytest.raises(RefusedError) as refused:
        dissolve_unit(actor=admin, unit=admin.unit, now=timezone.now(), reason="x")
    assert code(refused) == {"not_allowed"}
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=admin, unit=admin.unit, parent=other)
    assert code(refused) == {"not_allowed"}


# --- at the same time -------------------------------------------------------------------


def together(*works: Callable[[], object]) -> list[BaseException]:
    """Run each in a thread with a connection of its own; the errors they ended with."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(10)
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(5))
def test_two_moves_at_once_never_hang_two_branches_below_each_other(_again: int) -> None:
    root = make_unit()
    one, two = make_unit(parent=root), make_unit(parent=root)
    errors = together(
        lambda: move_unit(actor=None, unit=one, parent=two),
        lambda: move_unit(actor=None, unit=two, parent=one),
    )
    assert [type(error) for error in errors] == [RefusedError]
    one.refresh_from_db()
    two.refresh_from_db()
    below = [unit for unit in (one, two) if unit.parent == root]
    assert len(below) == 1
    for unit in Unit.objects.exclude(parent=None).select_related("parent"):
        assert unit.parent is not None
        assert unit.path == f"{unit.parent.path}{unit.pk}/"


@pytest.mark.django_db(transaction=True)
def test_readers_see_a_moving_branch_in_one_place_or_the_other_never_in_none() -> None:
    root = make_unit()
    old, new = make_unit(parent=root), make_unit(parent=root)
    moved = make_unit(parent=old)
    for number in range(40):
        make_file(moved, number)
    both, one = make_user(unit=root), make_user(unit=root)
    for unit in (old, new):
        grant_role(both, "keeper", unit)
    grant_role(one, "keeper", old)
    seen_by_both: set[int] = set()
    seen_by_one: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen_by_both.add(StoredFile.objects.visible_to(both).count())
            seen_by_one.add(StoredFile.objects.visible_to(one).count())

    def move() -> None:
        try:
            for turn in range(20):
                move_unit(actor=None, unit=moved, parent=(new, old)[turn % 2])
        finally:
            stop.set()

    assert together(read, read, move) == []
    assert seen_by_both == {40}
    assert seen_by_one <= {0, 40}
    assert seen_by_one


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_nobody_slips_into_a_unit_that_is_being_dissolved(_again: int) -> None:
    admin = make_officer("administrator")
    unit = make_unit(parent=admin.unit)
    errors = together(
        lambda: dissolve_unit(actor=admin, unit=unit, now=timezone.now(), reason="x"),
        lambda: create_user(actor=None, username="kip.luc", full_name="Kịp Lúc", unit=unit),
    )
    assert [type(error) for error in errors] == [RefusedError]
    gone = Unit.objects.get(pk=unit.pk).dissolved_on is not None
    assert gone != User.objects.filter(unit=unit).exists()
