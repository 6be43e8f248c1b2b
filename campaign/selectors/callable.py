"""Whom a comment on a task can call: people who may see the task, and nobody else's name."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from campaign.models import Task
from security.forms.person_field import find_people
from security.models import RoleGrant, RolePermission, User
from security.scope import read_ahead

FOUND_AT_MOST = 8
# Each candidate is asked whether he sees the task: so many names, and no more, are tried.
TRIED_AT_MOST = 40
TYPED_AT_MOST = 60


def people_to_call(reader: User, task: Task, typed: str, *, now: datetime) -> list[User]:
    """At most FOUND_AT_MOST people whose name or sign-in name holds what was typed.

    Nothing typed yet: those nearest to the task. The owner comes first, then his unit, the units
    that work along, and whoever else has a role above the task or was given it. Two queries, and
    one for each name tried.
    """
    people = User.objects.filter(is_active=True).exclude(pk=reader.pk)
    if typed:
        people = find_people(people, typed)
    likely = Case(
        When(_may_well_see(task, now), then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    near = Case(
        When(pk=task.owner_id or 0, then=Value(0)),
        When(unit=task.unit_id, then=Value(1)),
        When(Q(unit__in=task.task_units.values("unit")), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    rows: QuerySet[User] = people.select_related("unit").order_by(likely, near, "full_name", "pk")
    tried = list(rows[:TRIED_AT_MOST])
    read_ahead(tried)
    found: list[User] = []
    for person in tried:
        if Task.objects.visible_to(person).filter(pk=task.pk).exists():
            found.append(person)
        if len(found) == FOUND_AT_MOST:
            break
    return found


def _may_well_see(task: Task, now: datetime) -> Q:
    """People with a grant on the task, or with a role that shows tasks on its unit path or on a
    unit that it was given to: the few names tried are to be theirs among hundreds alike.

    An order and no permission: ``visible_to`` alone decides.
    """
    shows = RolePermission.objects.filter(
        role=OuterRef("role"), action=Task.view_action, allowed=True
    )
    given = task.unit_grants.in_force(now).values("grantee")
    holders = (
        RoleGrant.objects.in_force(now)
        .filter(Q(unit__path__in=_paths_to(task.unit_path)) | Q(unit__in=given))
        .filter(Exists(shows), max_level__gte=task.level, max_sensitivity__gte=task.sensitivity)
    )
    named = task.user_grants.in_force(now).values("user")
    return Q(clearance__gte=task.level) & (Q(pk__in=holders.values("user")) | Q(pk__in=named))


def _paths_to(path: str) -> list[str]:
    """Of "/1/4/": "/", "/1/" and "/1/4/"."""
    return list(accumulate(f"{part}/" for part in path.split("/")[:-1]))
