"""The first holders of the roles that give and approve roles, made on the machine itself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.models import Role, RoleGrant, Unit, User
from security.services.problems import Problem, RefusedError
from security.services.roles import grant_role

# The one asks for a high role, the other approves it: neither can come about without the other.
FIRST_ROLES = ("administrator", "security_officer")


@transaction.atomic
def give_first_role(*, user: User, role: str, unit: Unit, now: datetime) -> RoleGrant:
    """Give one of ``FIRST_ROLES`` without anybody's approval, while nobody active holds it.

    Never to somebody who holds the other one: two people are the point of it.
    """
    if role not in FIRST_ROLES:
        raise ValueError(role)
    # Two commands at once wait for each other here, and the second finds a holder.
    list(Role.objects.select_for_update(no_key=True).filter(pk__in=FIRST_ROLES).order_by("pk"))
    held = RoleGrant.objects.in_force(now).filter(user__is_active=True)
    if held.filter(role=role).exists():
        raise RefusedError(Problem("held", _("Somebody holds this role already.")))
    if held.filter(role__in=FIRST_ROLES, user=user).exists():
        raise RefusedError(
            Problem("second_person", _("These two roles must be held by two people."))
        )
    grant = grant_role(actor=None, user=user, role=role, unit=unit, now=now, reason="first holder")
    audit.record(
        "role.first_given",
        actor=None,
        object_type="security.rolegrant",
        object_id=grant.pk,
        reason=f"{role} @ {unit.code}: {user.username}",
    )
    return grant
