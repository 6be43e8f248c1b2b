"""Reads of the security floor that span tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from security.models import AuditEvent, RoleGrant, Unit, User
from security.rules import path_range
from security.scope import scopes_of
from security.services.matrix import acts_everywhere

TRAIL_PAGE = 100
VIEW_TRAIL = "security.view_trail"


@dataclass(frozen=True)
class TrailFilter:
    """What the reader of the trail looks for; empty fields do not restrict."""

    who: str = ""
    action: str = ""
    denied: bool = False
    before: int | None = None


def trail(asked: TrailFilter, reader: User) -> tuple[list[AuditEvent], int | None]:
    """Newest events first, and the id to continue before (None at the end).

    Whoever reads the trail for some units alone sees what their people did and what was done to
    their rows; what names no unit (a failed sign-in, the installation) is for the whole.
    """
    events = AuditEvent.objects.order_by("-id")
    if not acts_everywhere(reader, VIEW_TRAIL):
        events = events.filter(_of_units(reader))
    if asked.who:
        events = events.filter(actor_name__icontains=asked.who)
    if asked.action:
        events = events.filter(action__istartswith=asked.action)
    if asked.denied:
        events = events.filter(decision=AuditEvent.Decision.DENIED)
    if asked.before is not None:
        events = events.filter(id__lt=asked.before)
    rows = list(events[: TRAIL_PAGE + 1])
    more = rows[TRAIL_PAGE - 1].id if len(rows) > TRAIL_PAGE else None
    return rows[:TRAIL_PAGE], more


def _of_units(reader: User) -> Q:
    people, rows = Q(pk__in=[]), Q(pk__in=[])
    for scope in scopes_of(reader):
        if VIEW_TRAIL in scope.actions:
            low, high = path_range(scope.path)
            people |= Q(unit__path__gte=low, unit__path__lt=high)
            rows |= Q(object_path__gte=low, object_path__lt=high)
    return rows | Q(actor_id__in=User.objects.filter(people).values("pk"))


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
