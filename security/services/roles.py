"""Giving and ending roles."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import yaml
from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.levels import Secrecy, Sensitivity
from security.models import Role, RoleGrant, RolePermission, Unit, User
from security.services.problems import Problem, RefusedError, check_action, check_level

ROLES_FILE = Path(__file__).parent.parent / "data" / "roles.yaml"


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
    """Create the roles and cells of roles.yaml that do not exist yet; what people changed is kept.

    Returns the number of roles created.
    """
    created = 0
    entries = yaml.safe_load(ROLES_FILE.read_text("utf-8"))
    for position, entry in enumerate(entries):
        _role, new = Role.objects.get_or_create(
            code=entry["code"],
            defaults={
                "name": entry["name"],
                "name_en": entry["name_en"],
                "position": position,
                **dict.fromkeys(entry.get("flags", ()), True),
            },
        )
        created += new
    RolePermission.objects.bulk_create(
        (
            RolePermission(role_id=entry["code"], action=action)
            for entry in entries
            for action in entry["actions"]
        ),
        ignore_conflicts=True,
    )
    return created
