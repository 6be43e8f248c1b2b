from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from security.models import AuditEvent, Protected, Role, RoleGrant, RolePermission, StoredFile, Unit
from security.services import RefusedError, create_user, end_role, grant_role, load_roles, move_unit
from tests.security.make import LONG_AGO, make_officer, make_unit, make_user
from tests.security.make import grant_role as give

pytestmark = pytest.mark.django_db

PROTECTED = [model for model in apps.get_models() if issubclass(model, Protected)]


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


@pytest.mark.parametrize("model", PROTECTED, ids=lambda model: model._meta.label_lower)
def test_every_protected_table_follows_its_unit_by_foreign_key(model: type[Protected]) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT confupdtype, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND conname = %s AND convalidated",
            [table, f"{table}_unit_path_fk"],
        )
        found = cursor.fetchone()
    assert found is not None, f"{table} lacks UnitPathForeignKey in its migration"
    assert found[0] == "c"
    assert "(unit_id, unit_path) REFERENCES security_unit(id, path) ON UPDATE CASCADE" in found[1]
    assert model._meta.get_field("unit_path").db_parameters(connection)["collation"] == "C"
    assert model.view_action


def test_rows_follow_a_unit_that_moves_with_all_below_it() -> None:
    old, new = make_unit(), make_unit()
    moved = make_unit(parent=old)
    below = make_unit(parent=moved)
    row = StoredFile.objects.create(
        **below.placement, created_at=LONG_AGO, sha256="0" * 64, blob="b", size=1
    )
    move_unit(actor=None, unit=moved, parent=new)
    row.refresh_from_db()
    below.refresh_from_db()
    assert below.path == row.unit_path == f"{new.path}{moved.pk}/{below.pk}/"
    assert not Unit.objects.under(old).exclude(pk=old.pk).exists()
    assert AuditEvent.objects.filter(action="unit.moved", object_id=str(moved.pk)).exists()


def test_a_unit_cannot_move_below_itself() -> None:
    unit = make_unit()
    below = make_unit(parent=unit)
    with pytest.raises(RefusedError) as refused:
        move_unit(actor=None, unit=unit, parent=below)
    assert code(refused) == {"cycle"}


def test_a_path_that_is_not_the_units_is_refused_by_the_database() -> None:
    unit, other = make_unit(), make_unit()
    with pytest.raises(IntegrityError), transaction.atomic():
        StoredFile.objects.create(
            unit=unit, unit_path=other.path, created_at=LONG_AGO, sha256="0" * 64, blob="b", size=1
        )


def test_roles_load_once_and_keep_what_people_changed() -> None:
    load_roles()
    role = Role.objects.get(code="keeper")
    RolePermission.objects.filter(role=role, action="records.edit").update(allowed=False)
    assert load_roles() == 0
    assert not role.permissions.filter(action="records.edit", allowed=True).exists()
    assert Role.objects.count() == 12


def test_nobody_gives_or_ends_a_role_of_his_own() -> None:
    admin = make_officer("administrator")
    with pytest.raises(RefusedError) as refused:
        grant_role(actor=admin, user=admin, role="head", unit=admin.unit, now=timezone.now())
    assert code(refused) == {"own_role"}
    with pytest.raises(RefusedError):
        end_role(actor=admin, grant=admin.role_grants.get(), now=timezone.now(), reason="x")
    assert RoleGrant.objects.get().valid_to is None
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.update(granted_by=admin)


def test_an_administrator_gives_roles_only_below_his_own_unit() -> None:
    root = make_unit()
    admin = make_officer("administrator", unit=make_unit(parent=root))
    person = make_user(unit=root)
    with pytest.raises(RefusedError) as refused:
        grant_role(actor=admin, user=person, role="keeper", unit=root, now=timezone.now())
    assert code(refused) == {"not_allowed"}
    given = grant_role(actor=admin, user=person, role="keeper", unit=admin.unit, now=timezone.now())
    assert given.granted_by == admin
    assert AuditEvent.objects.get(action="role.granted", actor_id=admin.pk).object_id == str(
        given.pk
    )


@pytest.mark.parametrize("role", ["keeper", "head", "security_officer"])
def test_only_administrators_give_roles(role: str) -> None:
    officer = make_officer(role)
    with pytest.raises(RefusedError):
        grant_role(
            actor=officer, user=make_user(), role="member", unit=officer.unit, now=timezone.now()
        )


@pytest.mark.parametrize("level", [2, 3, 4, -1])
def test_no_role_reaches_above_the_ceiling_of_the_installation(level: int) -> None:
    load_roles()
    user = make_user()
    with pytest.raises(RefusedError) as refused:
        grant_role(
            actor=None, user=user, role="keeper", unit=user.unit, now=LONG_AGO, max_level=level
        )
    assert code(refused) == {"above_ceiling"}
    assert not RoleGrant.objects.exists()


def test_an_ended_role_stays_readable() -> None:
    user = make_user()
    grant = give(user, "keeper")
    now = timezone.now()
    end_role(actor=None, grant=grant, now=now, reason="Thôi nhiệm vụ")
    grant.refresh_from_db()
    assert grant.valid_to == now
    assert not RoleGrant.objects.in_force(now + timedelta(seconds=1)).exists()


def test_weak_passwords_are_refused() -> None:
    unit = make_unit()
    for weak in ("short", "123456789012", "nguyenvanbinh1"):
        with pytest.raises(ValidationError):
            create_user(
                actor=None, username="nguyenvanbinh", full_name="Bình", unit=unit, password=weak
            )
