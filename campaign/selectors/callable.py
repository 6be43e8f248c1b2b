"""Whom a comment on a task can call: people who may see the task, and nobody else's name."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from campaign.models import Task
from security.forms.person_field import find_people
from security.models import User

FOUND_AT_MOST = 8
# Each candidate is asked whether he sees the task: so many names, and no more, are tried.
TRIED_AT_MOST = 40
TYPED_AT_MOST = 60


def people_to_call(reader: User, task: Task, typed: str) -> list[User]:
    """At most FOUND_AT_MOST people whose name or sign-in name holds what was typed.

    Nothing typed yet: those nearest to the task. The owner comes first, then his unit.
    """
    people = User.objects.filter(is_active=True).exclude(pk=reader.pk)
    if typed:
        people = find_people(people, typed)
    near = Case(
        When(pk=task.owner_id or 0, then=Value(0)),
        When(unit=task.unit_id, then=Value(1)),
        When(Q(unit__in=task.task_units.values("unit")), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    rows: QuerySet[User] = people.select_related("unit").order_by(near, "full_name", "pk")
    found: list[User] = []
    for person in rows[:TRIED_AT_MOST]:
        if Task.objects.visible_to(person).filter(pk=task.pk).exists():
            found.append(person)
        if len(found) == FOUND_AT_MOST:
            break
    return found
