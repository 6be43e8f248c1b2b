"""Whom and what an administrator manages."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from security.models import RoleGrant, Unit, User
from security.rules import path_range
from security.scope import scopes_of


def manageable_units(user: User) -> QuerySet[Unit]:
    """Units below which this user may manage access."""
    below = Q(pk__in=[])
    for scope in scopes_of(user):
        if "security.manage_access" in scope.actions:
            low, high = path_range(scope.path)
            below |= Q(path__gte=low, path__lt=high)
    return Unit.objects.filter(below)


def people_managed_by(user: User, at: datetime, search: str = "") -> QuerySet[User]:
    """People of the units this user manages, with their role grants in force."""
    people = User.objects.filter(unit__in=manageable_units(user)).select_related("unit")
    if search:
        people = people.filter(Q(full_name__icontains=search) | Q(username__icontains=search))
    in_force = RoleGrant.objects.in_force(at).select_related("role", "unit")
    return people.prefetch_related(Prefetch("role_grants", queryset=in_force, to_attr="in_force"))
