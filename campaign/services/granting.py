"""To whom a task is opened beyond its own unit; a fixed number of queries for many tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_noop

from campaign.models import Task, TaskUnitGrant, TaskUserGrant
from security import audit
from security.models import Unit, User

GrantModel = type[TaskUnitGrant] | type[TaskUserGrant]
Wanted = dict[tuple[int, int], str]  # (task, unit or person) → reason


def sync_grants(tasks: list[Task], *, actor: User | None, now: datetime) -> None:
    """Open tasks to coordinating and signing units and to their block's deputy; end the rest.

    A collective stands for its members: a grant to a mere name would reach nobody.
    """
    prefetch_related_objects(
        tasks, "task_units__unit__members", "products__signing_units__members", "block"
    )
    units = {
        (task.pk, unit.pk): reason
        for task in tasks
        for unit, reason in _partners(task)
        if unit.pk != task.unit_id
    }
    deputies = {
        (task.pk, task.block.deputy_id): gettext_noop("deputy head of the block")
        for task in tasks
        if task.block is not None and task.block.deputy_id is not None
    }
    terms = {
        "permission": Permission.objects.get(
            content_type__app_label="campaign", codename="view_task"
        ),
        "granted_by": actor,
    }
    changed = _sync(TaskUnitGrant, "grantee_id", units, tasks, terms, now)
    changed |= _sync(TaskUserGrant, "user_id", deputies, tasks, terms, now)
    if changed:
        audit.record("task.shared", actor=actor, object_type="campaign.task", ids=sorted(changed))


def _partners(task: Task) -> Iterator[tuple[Unit, str]]:
    for product in task.products.all():
        for unit in product.signing_units.all():
            yield from ((member, gettext_noop("signs a product")) for member in _meant(unit))
    for partner in task.task_units.all():
        yield from ((member, gettext_noop("coordinates")) for member in _meant(partner.unit))


def _meant(unit: Unit) -> list[Unit]:
    members = list(unit.members.all()) if unit.collective else []
    return members or [unit]


def _sync(
    model: GrantModel,
    holder: str,
    wanted: Wanted,
    tasks: list[Task],
    terms: dict[str, Any],
    now: datetime,
) -> set[int]:
    """A grant in force stays as it is, an ended one begins anew, one no longer wanted ends.

    Returns the ids of the tasks whose grants changed.
    """

    there = {
        (grant.content_object_id, getattr(grant, holder)): grant
        for grant in model.objects.filter(content_object__in=tasks)
    }
    fresh = [
        model(content_object_id=key[0], **{holder: key[1]}, valid_from=now, reason=reason, **terms)
        for key, reason in wanted.items()
        if key not in there
    ]
    model._default_manager.bulk_create(fresh)  # type: ignore[arg-type]
    changed = {grant.content_object_id for grant in fresh}
    for key, grant in there.items():
        ended = grant.valid_to is not None and grant.valid_to <= now
        if key in wanted and ended:
            grant.valid_from, grant.valid_to, grant.reason = now, None, wanted[key]
            grant.granted_by = terms["granted_by"]
            grant.save()
            changed.add(key[0])
        elif key not in wanted and not ended:
            grant.valid_to = max(now, grant.valid_from)
            grant.save(update_fields=["valid_to"])
            changed.add(key[0])
    return changed
