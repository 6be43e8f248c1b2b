"""Relations between tasks: what waits for what, the technical part, splitting one into two."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Product, Task, TaskLink
from campaign.services.access import check_open, locked, refuse
from campaign.services.agreeing import MANAGE, create_task
from campaign.services.owed import check_in_time, grow_older, own_products
from security import audit
from security.history import sign
from security.models import Unit, User
from security.services import check_action

Kind = TaskLink.Kind


@transaction.atomic
def link_tasks(*, actor: User, task: Task, other: Task, kind: str, now: datetime) -> TaskLink:
    """Put ``task`` into a relation to ``other``, which the actor must see already.

    Raises RefusedError: not_allowed, closed, itself, other_campaign, linked, loop.
    """
    check_action(actor, MANAGE, task)
    check_open(task.campaign)
    _check_pair(task, other)
    # Two people linking at once could close a loop that neither sees: one after the other.
    _lock_links(task)
    if TaskLink.objects.filter(task=task, other=other, kind=kind).exists():
        raise refuse("linked", _("These tasks are linked so already."))
    if kind == Kind.DEPENDS_ON and (chain := way_of_waiting(other, task)):
        said = _("That would be a circle: %(chain)s.")
        raise refuse("loop", said % {"chain": _told([task.pk, *chain], actor)})
    link = TaskLink.objects.create(task=task, other=other, kind=kind, by=actor, at=now)
    audit.record("task.linked", actor=actor, row=task, reason=f"{kind} {other.pk}")
    return link


@transaction.atomic
def unlink_tasks(*, actor: User, link: TaskLink, now: datetime) -> None:
    """Take a relation back; where a task came from (split, carried over) stays for ever."""
    with locked(link.task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        if link.kind in {Kind.SPLIT_FROM, Kind.CARRIED_FROM}:
            raise refuse("origin", _("Where a task came from stays on record."))
        audit.record("task.unlinked", actor=actor, row=row, reason=f"{link.kind} {link.other_id}")
        TaskLink.objects.filter(pk=link.pk).delete()


def split_task(
    *,
    actor: User,
    task: Task,
    title: str,
    unit: Unit,
    products: Iterable[Product] = (),
    now: datetime,
    **parts: Any,
) -> Task:
    """Take a part out of a task: a new draft that takes the named products along.

    Products that were handed in stay; so does one at least, and what is overdue, if the task runs.
    The new draft has the old one's group, row, week, block and dates unless ``parts`` says
    otherwise.
    """
    with locked(task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        if row.state not in {Task.State.DRAFT, Task.State.ACTIVE}:
            raise refuse("not_active", _("A task that is done or cancelled stays as it is."))
        taken = own_products(row, products)
        _check_taken(row, taken)
        for product in taken:
            check_in_time(row, product, now)
        names = ("group", "matrix_row", "phase", "block", "start", "process")
        like = {name: getattr(row, name) for name in names}
        if row.deadline is not None and row.deadline > now:
            like["deadline"] = row.deadline
        wanted = {**like, **parts, "title": title}
        made = create_task(actor=actor, campaign=row.campaign, unit=unit, now=now, **wanted)
        for position, product in enumerate(taken, start=1):
            _move(product, made, position, actor=actor, now=now)
        TaskLink.objects.create(task=made, other=row, kind=Kind.SPLIT_FROM, by=actor, at=now)
        grow_older(row)
        audit.record("task.split", actor=actor, row=row, reason=f"{made.pk}")
    return made


def waits_for(task_id: int, campaign_id: int) -> set[int]:
    """Ids of all tasks that this one waits for, directly or through others; itself included."""
    return set(_reached(task_id, campaign_id))


def way_of_waiting(task: Task, other: Task) -> list[int]:
    """Ids from ``task`` to ``other`` along what waits for what, the shortest way; empty if none."""
    came_from = _reached(task.pk, task.campaign_id)
    if other.pk not in came_from:
        return []
    way = [other.pk]
    while way[0] != task.pk:
        way.insert(0, came_from[way[0]])
    return way


def _reached(task_id: int, campaign_id: int) -> dict[int, int]:
    """Every task that this one waits for, with the one before it on the shortest way."""
    edges: dict[int, list[int]] = {}
    rows = TaskLink.objects.filter(kind=Kind.DEPENDS_ON, task__campaign_id=campaign_id)
    for here, there in rows.values_list("task_id", "other_id"):
        edges.setdefault(here, []).append(there)
    found, open_ends = {task_id: task_id}, deque([task_id])
    while open_ends:
        here = open_ends.popleft()
        for there in edges.get(here, ()):
            if there not in found:
                found[there] = here
                open_ends.append(there)
    return found


def _told(chain: list[int], actor: User) -> str:
    """The circle by the codes of its tasks; one that the actor may not see stays without a name."""
    rows = Task.objects.visible_to(actor).filter(pk__in=chain)
    codes = dict(rows.values_list("pk", "code"))
    return " → ".join(codes.get(pk, "…") for pk in chain)


def _check_pair(task: Task, other: Task) -> None:
    if task.pk == other.pk:
        raise refuse("itself", _("A task cannot be linked to itself."))
    if task.campaign_id != other.campaign_id:
        raise refuse("other_campaign", _("The two tasks belong to different campaigns."))


def _lock_links(task: Task) -> None:
    type(task.campaign).objects.select_for_update(of=("self",)).get(pk=task.campaign_id)


def _check_taken(task: Task, products: list[Product]) -> None:
    if any(product.submissions.exists() for product in products):
        raise refuse("handed_in", _("A product that was handed in stays with its task."))
    if any(product.checklist_code for product in products):
        raise refuse("mandatory", _("A product of the plan's checklist stays with its task."))
    running = task.state == Task.State.ACTIVE
    if running and task.products.count() <= len(products):
        raise refuse("last_product", _("A running task needs a product."))


def _move(product: Product, task: Task, position: int, *, actor: User, now: datetime) -> None:
    product.task, product.position = task, position
    sign(product, actor=actor, now=now).save(update_fields=["task", "position"])
