from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from security.models import StoredFile, Unit, User
from security.scope import may, roles_of, scopes_of
from tests.security.make import (
    LONG_AGO,
    grant_role,
    make_classified,
    make_officer,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def make_file(unit: Unit, *, level: int = 1, **fields: Any) -> StoredFile:
    row: StoredFile = StoredFile.objects.create(
        **unit.placement,
        created_at=LONG_AGO,
        sha256="0" * 64,
        blob="b",
        size=1,
        level=min(level, 1),
        **fields,
    )
    return make_classified(row, level) if level > 1 else row


def seen(user: User) -> set[int]:
    user._scopes = None
    return set(StoredFile.objects.visible_to(user).values_list("pk", flat=True))


# --- single statements ------------------------------------------------------------------


def test_a_scope_reaches_down_and_never_sideways_or_up() -> None:
    root = make_unit()
    mine, sister = make_unit(parent=root), make_unit(parent=root)
    rows = [make_file(unit) for unit in (root, mine, make_unit(parent=mine), sister)]
    officer = make_officer("operator", unit=mine)
    assert seen(officer) == {rows[1].pk, rows[2].pk}


def test_a_path_that_only_begins_alike_is_another_unit() -> None:
    mine = make_unit()
    other = make_unit()
    Unit.objects.filter(pk=other.pk).update(path=f"/{mine.pk}0/")
    other.refresh_from_db()
    row = make_file(other)
    assert row.pk not in seen(make_officer("operator", unit=mine))


@pytest.mark.parametrize(
    ("clearance", "role_level", "row_level", "shown"),
    [(1, 1, 1, True), (0, 1, 1, False), (1, 0, 1, False), (3, 1, 2, False), (0, 0, 0, True)],
)
def test_level_is_capped_by_role_and_by_clearance(
    clearance: int, role_level: int, row_level: int, shown: bool
) -> None:
    user = make_user(clearance=clearance)
    grant_role(user, "operator", max_level=role_level)
    row = make_file(user.unit, level=row_level)
    assert (row.pk in seen(user)) is shown


@pytest.mark.parametrize(("cap", "shown"), [(0, False), (1, True), (2, True)])
def test_sensitivity_is_capped_by_the_role(cap: int, shown: bool) -> None:
    user = make_user()
    grant_role(user, "operator", max_sensitivity=cap)
    row = make_file(user.unit, sensitivity=1)
    assert (row.pk in seen(user)) is shown


def test_an_expired_role_sees_nothing_and_may_nothing() -> None:
    user = make_user()
    row = make_file(user.unit)
    grant_role(user, "operator", valid_to=timezone.now() + timedelta(minutes=1))
    assert seen(user) == {row.pk}
    user.role_grants.update(valid_to=timezone.now())
    assert seen(user) == set()
    assert roles_of(user) == frozenset()
    assert not may(user, "digitization.view")


def test_a_role_without_the_viewing_action_shows_nothing() -> None:
    user = make_officer("administrator")
    make_file(user.unit)
    assert seen(user) == set()


def test_a_disabled_account_has_no_scope() -> None:
    user = make_officer("operator")
    user.is_active = False
    user._scopes = None
    assert scopes_of(user) == []


def test_being_superuser_opens_nothing() -> None:
    user = make_user(is_superuser=True, is_staff=True)
    make_file(user.unit)
    assert seen(user) == set()


def test_may_asks_for_unit_and_row() -> None:
    root = make_unit()
    mine, other = make_unit(parent=root), make_unit(parent=root)
    officer = make_officer("operator", unit=mine)
    assert may(officer, "digitization.upload")
    assert may(officer, "digitization.upload", mine)
    assert not may(officer, "digitization.upload", root)
    assert not may(officer, "digitization.upload", other)
    assert may(officer, "digitization.upload", make_file(mine))
    assert not may(officer, "digitization.upload", make_file(mine, level=2))
    assert not may(officer, "records.edit", mine)
