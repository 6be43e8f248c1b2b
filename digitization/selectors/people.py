"""Who may be chosen for what, and where somebody may act."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from security.models import RoleGrant, Unit, User
from security.rules import path_range
from security.scope import scopes_of


def units_open_to(user: User, action: str) -> QuerySet[Unit]:
    """Units in which this user's roles allow the action."""
    below = Q(pk__in=[])
    for scope in scopes_of(user):
        if action in scope.actions:
            low, high = path_range(scope.path)
            below |= Q(path__gte=low, path__lt=high)
    return Unit.objects.filter(below, dissolved_on=None).order_by("path")


def people_able_to(action: str, unit: Unit, now: datetime) -> QuerySet[User]:
    """Active people whose role in force allows the action on this unit."""
    above = [int(part) for part in unit.path.strip("/").split("/")]
    grants = RoleGrant.objects.in_force(now).filter(
        unit_id__in=above,
        role__permissions__action=action,
        role__permissions__allowed=True,
    )
    return User.objects.filter(pk__in=grants.values("user"), is_active=True).order_by("full_name")
