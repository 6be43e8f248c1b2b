"""Agreeing on work: new tasks, changes of what was agreed, products, partners, taking off the board."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Campaign, Product, Task, TaskUnit
from campaign.rules import end_of
from campaign.services.access import check_open, locked, not_allowed, refuse
from campaign.services.granting import sync_grants
from campaign.services.leading import put_in_lead
from campaign.services.lights import leave_board
from campaign.services.owed import (
    check_in_time,
    check_version,
    check_within,
    grow_older,
    own_product,
)
from campaign.services.tasks import missing_parts
from security import audit
from security.history import sign
from security.models import Unit, User
from security.scope import may
from security.services import Problem, RefusedError, check_action

MANAGE = "campaign.manage"
OWN_CODE = "BS"  # bổ sung: beyond what the plan printed
TITLE_AT_MOST = 200
# What may change while a task runs. Owner and lead go by a hand-over, the deadline by a revision,
# the start not at all: the colours of the past were computed from it.
ALWAYS = frozenset(
    {
        *("title", "focus", "responsibility", "process"),
        *("group", "matrix_row", "phase", "block"),
        *("check_text", "risk", "handling", "note"),
    }
)
IN_DRAFT = ALWAYS | {"owner", "unit", "start", "deadline", "deadline_text", "kind"}


@dataclass(frozen=True)
class NewProduct:
    """A product to be delivered; ``deadline`` None: together with the task."""

    title: str
    criteria: tuple[str, ...] = ()
    deadline: datetime | None = None


@transaction.atomic
def create_task(
    *,
    actor: User,
    campaign: Campaign,
    unit: Unit,
    products: Iterable[NewProduct] = (),
    now: datetime,
    **parts: Any,
) -> Task:
    """A new draft led by ``unit``; parts as in IN_DRAFT. It may be incomplete but for its title.

    Raises RefusedError: not_allowed, closed, title, deadline_past, before_start, other_campaign.
    """
    check_action(actor, MANAGE, unit)
    check_open(campaign)
    _known(parts, IN_DRAFT)
    task = Task(
        campaign=campaign,
        code=_free_code(campaign),
        created_at=now,
        **unit.placement,
        **{"kind": Task.Kind.WEEK, **parts},
    )
    _check(task, actor=actor, changed=frozenset({"unit", *parts}), now=now)
    sign(task, actor=actor, now=now).save(force_insert=True)
    for position, wanted in enumerate(products, start=1):
        _insert_product(task, position, wanted, actor=actor, now=now)
    audit.record("task.created", actor=actor, row=task, fields=sorted(parts))
    return task


@transaction.atomic
def edit_task(*, actor: User, task: Task, version: int, now: datetime, **parts: Any) -> Task:
    """Change what was agreed. ``version``: of the row that the editor saw.

    Raises RefusedError: changed_meanwhile when somebody else saved in between (nothing is
    written; the caller shows both), not_allowed, closed, and those of ``create_task``.
    """
    with locked(task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        check_version(row, version)
        _known(parts, IN_DRAFT if row.state == Task.State.DRAFT else ALWAYS)
        _must_be_open(row)
        changed = {name for name, value in parts.items() if getattr(row, name) != value}
        if not changed:
            return row
        _set(row, parts, actor=actor)
        _check(row, actor=actor, changed=frozenset(changed), now=now)
        _check_still_clear(row, changed)
        row.version += 1
        row.save()
        if row.state == Task.State.ACTIVE and "block" in changed:
            sync_grants([row], actor=actor, now=now)
        audit.record("task.changed", actor=actor, row=row, fields=sorted(changed))
    return row


def set_partners(
    *,
    actor: User,
    task: Task,
    partners: Iterable[tuple[Unit, str]],
    version: int | None = None,
    now: datetime,
) -> Task:
    """The units that work along: (unit, part it leads); an empty part means it coordinates.

    version: of the task whose partners the editor saw, because the list replaces theirs.
    Raises RefusedError: changed_meanwhile, not_allowed, lead_is_no_partner, twice, dissolved.
    """
    wanted = [(unit, part.strip()) for unit, part in partners]
    with locked(task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        check_version(row, version)
        _must_be_open(row)
        _check_partners(row, [unit for unit, _part in wanted])
        TaskUnit.objects.filter(task=row).delete()
        TaskUnit.objects.bulk_create(
            TaskUnit(
                task=row,
                unit=unit,
                part=part,
                role=TaskUnit.Role.CO_LEADS if part else TaskUnit.Role.COORDINATES,
            )
            for unit, part in wanted
        )
        grow_older(row)
        if row.state == Task.State.ACTIVE:
            sync_grants([row], actor=actor, now=now)
        audit.record("task.partners_set", actor=actor, row=row, fields=["units"])
    return row


def _check_partners(task: Task, units: list[Unit]) -> None:
    found = [
        (
            "lead_is_no_partner",
            task.unit in units,
            _("The lead unit cannot work along with itself."),
        ),
        ("twice", len(set(units)) < len(units), _("A unit is named twice.")),
        (
            "dissolved",
            any(unit.dissolved_on is not None for unit in units),
            _("One of these units is dissolved."),
        ),
    ]
    if problems := [Problem(code, message) for code, wrong, message in found if wrong]:
        raise RefusedError(*problems)


def add_product(*, actor: User, task: Task, product: NewProduct, now: datetime) -> Product:
    """One more product; a task that runs gets its light anew."""
    with locked(task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        _must_be_open(row)
        check_within(row, product.deadline)
        last = row.products.order_by("-position").values_list("position", flat=True).first()
        made = _insert_product(row, (last or 0) + 1, product, actor=actor, now=now)
        grow_older(row)
        audit.record("task.changed", actor=actor, row=row, fields=["products"])
    return made


def remove_product(*, actor: User, product: Product, now: datetime) -> None:
    """Take back a product that nobody has handed in; the last one of a running task stays."""
    with locked(product.task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        _must_be_open(row)
        kept = own_product(row, product)
        if kept.submissions.exists():
            raise refuse("handed_in", _("The product was handed in already."))
        if kept.checklist_code:
            raise refuse("mandatory", _("The plan's checklist asks for this product."))
        if row.state == Task.State.ACTIVE and row.products.count() == 1:
            raise refuse("last_product", _("A running task needs a product."))
        check_in_time(row, kept, now)
        sign(kept, actor=actor, now=now).delete()
        grow_older(row)
        audit.record("task.changed", actor=actor, row=row, fields=["products"])


def cancel_task(*, actor: User, task: Task, reason: str, now: datetime) -> Task:
    """Take a task off the board for good; its facts stay, and the past board still shows it.

    Raises RefusedError: not_allowed, closed, reason, not_active.
    """
    if not reason.strip():
        raise refuse("reason", _("Say why."))
    with locked(task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        _must_be_open(row)
        if row.state == Task.State.ACTIVE:
            leave_board(row, now=now)
        row.state, row.version = Task.State.CANCELLED, row.version + 1
        sign(row, actor=actor, now=now, reason=reason).save()
        sync_grants([row], actor=actor, now=now)
        audit.record("task.cancelled", actor=actor, row=row, reason=reason.strip())
    return row


def _insert_product(
    task: Task, position: int, wanted: NewProduct, *, actor: User, now: datetime
) -> Product:
    title = wanted.title.strip()
    if not title:
        raise refuse("product_title", _("A product needs a name."))
    if wanted.deadline is not None and wanted.deadline <= now:
        raise refuse("deadline_past", _("The deadline lies in the past."))
    product = Product(
        task=task,
        position=position,
        title=title,
        criteria=[text for one in wanted.criteria if (text := one.strip())],
        deadline=wanted.deadline,
    )
    sign(product, actor=actor, now=now).save(force_insert=True)
    return product


def _known(parts: dict[str, Any], allowed: frozenset[str]) -> None:
    if foreign := parts.keys() - allowed:
        raise refuse("not_allowed", _("These fields cannot be changed here.") + f" {foreign}")


def _set(row: Task, parts: dict[str, Any], *, actor: User) -> None:
    for name, value in parts.items():
        setattr(row, name, value)
    if "unit" in parts:
        put_in_lead(row, row.unit)
        if not may(actor, MANAGE, row):
            raise not_allowed()


def _check(task: Task, *, actor: User, changed: frozenset[str], now: datetime) -> None:
    """All that is wrong with the new values, at once."""
    owner_elsewhere = (
        "owner" in changed and task.owner is not None and not may(actor, MANAGE, task.owner.unit)
    )
    parts = [getattr(task, name) for name in ("group", "matrix_row", "phase", "block")]
    start, deadline = task.start, task.deadline
    found = [
        ("title", not task.title.strip(), _("The task has no title (việc).")),
        (
            "title_long",
            "title" in changed and len(task.title) > TITLE_AT_MOST,
            _("A title has 200 characters at most; the rest belongs into the process."),
        ),
        (
            "other_campaign",
            any(part is not None and part.campaign_id != task.campaign_id for part in parts),
            _("Group, row, week and block belong to another campaign."),
        ),
        ("owner", owner_elsewhere, _("Your role does not reach this person's unit.")),
        (
            "owner_left",
            "owner" in changed and task.owner is not None and not task.owner.is_active,
            _("This person's account is disabled."),
        ),
        (
            "dissolved_lead",
            "unit" in changed and task.unit.dissolved_on is not None,
            _("The lead unit is dissolved."),
        ),
        (
            "deadline_past",
            "deadline" in changed and deadline is not None and deadline <= now,
            _("The deadline lies in the past."),
        ),
        (
            "before_start",
            bool(start and deadline and deadline < end_of(start, before=False)),
            _("The deadline lies before the start."),
        ),
    ]
    if problems := [Problem(code, message) for code, wrong, message in found if wrong]:
        raise RefusedError(*problems)


def _check_still_clear(task: Task, changed: set[str]) -> None:
    """What put a task on the board cannot be emptied while it runs."""
    lacking = [one for one in missing_parts(task) if one.code in changed]
    if task.state == Task.State.ACTIVE and lacking:
        raise RefusedError(*lacking)


def _must_be_open(task: Task) -> None:
    if task.state not in {Task.State.DRAFT, Task.State.ACTIVE}:
        raise refuse("not_active", _("A task that is done or cancelled stays as it is."))


def _free_code(campaign: Campaign) -> str:
    """BS1, BS2 … The campaign's row is locked, so that two people do not get the same number."""
    Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    taken = set(
        Task.objects.filter(campaign=campaign, code__startswith=OWN_CODE).values_list(
            "code", flat=True
        )
    )
    number = len(taken) + 1
    while f"{OWN_CODE}{number}" in taken:
        number += 1
    return f"{OWN_CODE}{number}"
