"""Who may write on a task, and to whom a task is opened beyond its own unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaign.models import Task, TaskUnitGrant, TaskUserGrant
from campaign.services.lights import catch_up, settle
from security.models import Unit, User
from security.scope import may
from security.services import Problem, RefusedError

GrantModel = type[TaskUnitGrant] | type[TaskUserGrant]


def refuse(code: str, message: str) -> RefusedError:
    return RefusedError(Problem(code, message))


def leads_block(actor: User, task: Task, now: datetime) -> bool:
    """Whether the task was opened to this person as the deputy head of its block."""
    return TaskUserGrant.objects.filter(content_object=task, user=actor).in_force(now).exists()


def may_decide(actor: User, action: str, task: Task, now: datetime) -> bool:
    """Leaders' actions: by a role over the task's unit, or as deputy head of its block."""
    return may(actor, action, task) or (may(actor, action) and leads_block(actor, task, now))


def may_work(actor: User, action: str, task: Task) -> bool:
    """Reports and submissions: by a role over the lead unit, or as the task's owner."""
    return may(actor, action, task) or (may(actor, action) and task.owner_id == actor.pk)


def not_allowed() -> RefusedError:
    return refuse("not_allowed", _("Your role does not allow this here."))


@contextmanager
def locked(task: Task, *, now: datetime) -> Iterator[Task]:
    """The task's row, locked, its light brought up to ``now`` before and settled after the write.

    Everything inside is one transaction: a refusal raised in the block changes nothing.
    """
    with transaction.atomic():
        row = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
        catch_up([row], now=now)
        yield row
        settle(row, now=now)


def sync_grants(task: Task, *, actor: User | None, now: datetime) -> None:
    """Open the task to coordinating and signing units and to its block's deputy; end the rest.

    A collective stands for its members: a grant to a mere name would reach nobody.
    """
    permission = Permission.objects.get(
        content_type__app_label="campaign", codename="view_task", content_type__model="task"
    )
    wanted = {unit.pk: reason for unit, reason in _partners(task)}
    wanted.pop(task.unit_id, None)
    terms = {"valid_from": now, "valid_to": None, "granted_by": actor}
    for unit_id, reason in wanted.items():
        _open(
            TaskUnitGrant,
            {"content_object": task, "permission": permission, "grantee_id": unit_id},
            {**terms, "reason": reason},
            now,
        )
    _still_open(TaskUnitGrant, task, now).exclude(grantee_id__in=wanted).update(valid_to=now)
    deputy = task.block.deputy_id if task.block else None
    if deputy is not None:
        _open(
            TaskUserGrant,
            {"content_object": task, "permission": permission, "user_id": deputy},
            {**terms, "reason": "deputy head of the block"},
            now,
        )
    _still_open(TaskUserGrant, task, now).exclude(user_id=deputy).update(valid_to=now)


def _partners(task: Task) -> Iterator[tuple[Unit, str]]:
    coordinating = Unit.objects.filter(pk__in=task.task_units.values("unit"))
    signing = Unit.objects.filter(pk__in=task.products.values("signing_units"))
    for units, reason in ((signing, "signs a product"), (coordinating, "coordinates")):
        for unit in units.prefetch_related("members"):
            members = list(unit.members.all()) if unit.collective else []
            yield from ((member, reason) for member in members or [unit])


def _still_open(model: type[TaskUnitGrant] | type[TaskUserGrant], task: Task, now: datetime):  # type: ignore[no-untyped-def]
    rows = model.objects.filter(content_object=task, valid_from__lte=now)
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=now))


def _open(
    model: GrantModel,
    who: dict[str, object],
    terms: dict[str, object],
    now: datetime,
) -> None:
    """A grant in force is left as it is; an ended one begins anew."""
    grant = model.objects.filter(**who).first()
    if grant is None:
        model.objects.create(**who, **terms)
    elif grant.valid_to is not None and grant.valid_to <= now:
        for name, value in terms.items():
            setattr(grant, name, value)
        grant.save(update_fields=list(terms))
