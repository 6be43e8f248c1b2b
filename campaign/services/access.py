"""Who may write on a task, and the one way to lock it for a write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Campaign, Task, TaskUserGrant
from campaign.services.lights import catch_up, settle
from security.history import sign
from security.models import User
from security.scope import may
from security.services import Problem, RefusedError


def refuse(code: str, message: str) -> RefusedError:
    return RefusedError(Problem(code, message))


def check_open(campaign: Campaign) -> None:
    """Refuse every write to a campaign that is closed."""
    if campaign.closed_at is not None:
        raise refuse("closed", _("This campaign is closed: it can be read, no longer changed."))


def not_allowed() -> RefusedError:
    return refuse("not_allowed", _("Your role does not allow this here."))


def leads_block(actor: User, task: Task, now: datetime) -> bool:
    """Whether the task was opened to this person as the deputy head of its block."""
    grants = TaskUserGrant.objects.filter(content_object=task, user=actor)
    return bool(grants.in_force(now).exists())


def may_decide(actor: User, action: str, task: Task, now: datetime) -> bool:
    """Leaders' actions: by a role over the task's unit, or as deputy head of its block."""
    return may(actor, action, task) or (may(actor, action) and leads_block(actor, task, now))


def may_work(actor: User, action: str, task: Task) -> bool:
    """Reports and submissions: by a role over the lead unit, or as the task's owner."""
    return may(actor, action, task) or (may(actor, action) and task.owner_id == actor.pk)


@contextmanager
def locked(task: Task, *, actor: User | None, now: datetime) -> Iterator[Task]:
    """The task's row, locked, of an open campaign; its light brought up to ``now`` before and settled after the write.

    Everything inside is one transaction: a refusal raised in the block changes nothing. Whatever is
    saved of the row stands in its history under ``actor`` (None: the installation).
    """
    with transaction.atomic():
        rows = Task.objects.select_related("campaign").select_for_update(of=("self",))
        row: Task = rows.get(pk=task.pk)
        check_open(row.campaign)
        catch_up([row], now=now)
        yield sign(row, actor=actor, now=now)
        settle(row, now=now)
