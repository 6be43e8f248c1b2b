"""What a table may speak of: the importer's tasks, units, people and the parts of the plan.

A fixed number of queries, however long the table is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from campaign.models import Block, Campaign, MatrixRow, Phase, Task, TaskGroup
from campaign.services.agreeing import MANAGE
from security.models import Unit, User
from security.scope import may
from security.search import folded
from security.selectors.tree import units_where

Part = TaskGroup | MatrixRow | Phase | Block


@dataclass
class Known:
    """units: where tasks may be put; partners: whom one may name beside. Both by folded words."""

    actor: User
    campaign: Campaign
    now: datetime
    tasks: dict[str, Task] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    partners: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, User | None] = field(default_factory=dict)
    parts: dict[str, dict[int, Part]] = field(default_factory=dict)

    def may_change(self, task: Task) -> bool:
        return may(self.actor, MANAGE, task)


def known_for(actor: User, campaign: Campaign, codes: Iterable[str], *, now: datetime) -> Known:
    """Everything that lines naming these codes are compared with.

    A task that the importer may not see is as one that does not exist.
    """
    known = Known(actor, campaign, now)
    rows = Task.objects.visible_to(actor).filter(campaign=campaign, code__in=set(codes))
    joined = rows.select_related("unit", "owner", "group", "matrix_row", "phase", "block")
    for task in joined.prefetch_related("task_units__unit", "products"):
        task.campaign = campaign
        known.tasks[task.code] = task
    mine = list(units_where(actor, MANAGE))
    known.units = _named(mine)
    outside = Unit.objects.filter(Q(external=True))
    known.partners = _named([*mine, *outside])
    known.people = _people(User.objects.filter(unit__in=mine, is_active=True))
    for name, model in (
        ("group", TaskGroup),
        ("matrix_row", MatrixRow),
        ("phase", Phase),
        ("block", Block),
    ):
        found = model._default_manager.filter(campaign=campaign)
        known.parts[name] = {part.no: part for part in found}
    return known


def _named(units: list[Unit]) -> dict[str, Unit]:
    """By code, by “name (code)”, and by a name that only one of them has."""
    times = Counter(folded(unit.name) for unit in set(units))
    found = {folded(unit.name): unit for unit in units if times[folded(unit.name)] == 1}
    found |= {folded(f"{unit.name} ({unit.code})"): unit for unit in units}
    return found | {folded(unit.code): unit for unit in units}


def _people(users: Iterable[User]) -> dict[str, User | None]:
    """Likewise by user name; None: several people have this name."""
    found: dict[str, User | None] = {}
    users = list(users.select_related("unit")) if hasattr(users, "select_related") else list(users)
    for user in users:
        name = folded(user.full_name)
        found[name] = None if name in found else user
    for user in users:
        found[folded(f"{user.full_name} ({user.username})")] = user
        found[folded(user.username)] = user
    found.pop("", None)
    return found
