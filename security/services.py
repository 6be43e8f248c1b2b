"""Writes of the security floor: units, people, roles. Verbs, keyword-only, one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import connection, transaction
from django.utils.translation import gettext as _

from security import audit
from security.levels import Secrecy, Sensitivity
from security.models import Protected, Role, RoleGrant, RolePermission, Unit, User
from security.rules import within_ceiling
from security.scope import may

ROLES_FILE = Path(__file__).parent / "data" / "roles.yaml"


@dataclass(frozen=True)
class Problem:
    """One reason for a refusal: a stable code for programs, a sentence for people."""

    code: str
    message: str


class RefusedError(Exception):
    """A service refused; nothing was changed."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(p.message for p in problems))


def check_action(user: User, action: str, on: Protected | Unit | None = None) -> None:
    """Raise RefusedError unless a role in force allows the action there."""
    if not may(user, action, on):
        raise RefusedError(Problem("not_allowed", _("Your role does not allow this here.")))


def check_level(level: int) -> None:
    """Refuse content above the installation's ceiling (MAX_SECRECY_LEVEL)."""
    if not within_ceiling(level, settings.MAX_SECRECY_LEVEL):
        raise RefusedError(
            Problem(
                "above_ceiling",
                _("This installation may not hold content of this secrecy level."),
            )
        )


@transaction.atomic
def create_unit(
    *, actor: User | None, code: str, name: str, parent: Unit | None = None, **fields: Any
) -> Unit:
    """Create a unit under ``parent``. The id is drawn first because the path contains it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('security_unit', 'id'))")
        pk = cursor.fetchone()[0]
    above = parent.path if parent else "/"
    unit = Unit.objects.create(
        pk=pk, code=code, name=name, parent=parent, path=f"{above}{pk}/", **fields
    )
    audit.record("unit.created", actor=actor, object_type="security.unit", object_id=pk)
    return unit


@transaction.atomic
def move_unit(*, actor: User | None, unit: Unit, parent: Unit) -> Unit:
    """Hang ``unit`` under ``parent``; paths below it, and every protected row, follow.

    The rows follow by the composite foreign keys (ON UPDATE CASCADE), so no table can be missed.
    """
    branch = list(Unit.objects.select_for_update().under(unit))
    parent.refresh_from_db()
    if unit.contains(parent.path):
        raise RefusedError(Problem("cycle", _("A unit cannot be moved below itself.")))
    old = next(u for u in branch if u.pk == unit.pk).path
    new = f"{parent.path}{unit.pk}/"
    for node in branch:
        node.path = new + node.path[len(old) :]
    Unit.objects.bulk_update(branch, ["path"])
    Unit.objects.filter(pk=unit.pk).update(parent=parent)
    unit.refresh_from_db()
    audit.record(
        "unit.moved",
        actor=actor,
        object_type="security.unit",
        object_id=unit.pk,
        reason=f"{old} -> {new}",
    )
    return unit


@transaction.atomic
def create_user(
    *, actor: User | None, username: str, full_name: str, unit: Unit, password: str, **fields: Any
) -> User:
    """Create a person who signs in; the password must pass the installation's validators."""
    user = User(username=username, full_name=full_name, unit=unit, **fields)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    audit.record("user.created", actor=actor, object_type="security.user", object_id=user.pk)
    return user


@transaction.atomic
def grant_role(
    *,
    actor: User | None,
    user: User,
    role: str,
    unit: Unit,
    now: datetime,
    valid_to: datetime | None = None,
    max_level: int = Secrecy.INTERNAL,
    max_sensitivity: int = Sensitivity.NORMAL,
    reason: str = "",
) -> RoleGrant:
    """Give a role on a unit from ``now`` to ``valid_to``. Nobody gives a role to himself.

    ``actor=None`` is the installation itself (bootstrap, demonstration).
    """
    if actor is not None:
        check_action(actor, "security.manage_access", unit)
        if actor.pk == user.pk:
            raise RefusedError(Problem("own_role", _("Nobody can change his own role.")))
    check_level(max_level)
    if valid_to is not None and valid_to <= now:
        raise RefusedError(Problem("dates", _("The role would end before it begins.")))
    grant = RoleGrant.objects.create(
        user=user,
        role_id=role,
        unit=unit,
        valid_from=now,
        valid_to=valid_to,
        max_level=max_level,
        max_sensitivity=max_sensitivity,
        granted_by=actor,
        reason=reason,
    )
    audit.record(
        "role.granted",
        actor=actor,
        object_type="security.rolegrant",
        object_id=grant.pk,
        reason=f"{role} @ {unit.code}",
    )
    return grant


@transaction.atomic
def end_role(*, actor: User | None, grant: RoleGrant, now: datetime, reason: str) -> RoleGrant:
    """End a role grant now. The row stays: who could see what, and when, must stay readable."""
    if actor is not None:
        check_action(actor, "security.manage_access", grant.unit)
        if actor.pk == grant.user_id:
            raise RefusedError(Problem("own_role", _("Nobody can change his own role.")))
    grant = RoleGrant.objects.select_for_update().get(pk=grant.pk)
    grant.valid_to = max(now, grant.valid_from)
    grant.save(update_fields=["valid_to"])
    audit.record(
        "role.ended",
        actor=actor,
        object_type="security.rolegrant",
        object_id=grant.pk,
        reason=reason,
    )
    return grant


@transaction.atomic
def load_roles() -> int:
    """Create the roles of roles.yaml that do not exist yet; what people changed is kept.

    Returns the number of roles created.
    """
    created = 0
    entries = yaml.safe_load(ROLES_FILE.read_text("utf-8"))
    for position, entry in enumerate(entries):
        role, new = Role.objects.get_or_create(
            code=entry["code"],
            defaults={
                "name": entry["name"],
                "name_en": entry["name_en"],
                "position": position,
            },
        )
        if new:
            created += 1
            RolePermission.objects.bulk_create(
                RolePermission(role=role, action=action) for action in entry["actions"]
            )
    return created
