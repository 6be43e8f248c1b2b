"""A running task with the people whom its notices concern, and notices made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Concat

from campaign.models import Task
from dashboard.models import Notice
from security.models import User
from tests.campaign.make import DEADLINE, make_task, owner_of
from tests.security.make import grant_role, make_user

RED_AT = DEADLINE + timedelta(minutes=1)
_number = count(1)


@dataclass(frozen=True)
class Place:
    task: Task
    owner: User
    deputy: User
    head: User

    @property
    def people(self) -> tuple[User, User, User]:
        return self.owner, self.deputy, self.head


def make_place(**fields: Any) -> Place:
    """A running task, its owner, the block's deputy and the head of its unit, all with addresses."""
    task = make_task(**fields)
    owner = owner_of(task)
    deputy, head = make_user(unit=task.campaign.unit), make_user(unit=task.unit)
    grant_role(deputy, "deputy", task.campaign.unit)
    grant_role(head, "unit_head", task.unit)
    assert task.block is not None
    task.block.deputy = deputy
    task.block.save()
    User.objects.update(email=Concat(F("username"), Value("@sauro.example")))
    for person in (owner, deputy, head):
        person.refresh_from_db()
    return Place(task, owner, deputy, head)


def make_notice(
    user: User, task: Task | None, *, at: datetime, found: datetime | None = None, **fields: Any
) -> Notice:
    """A red turn unless ``fields`` say otherwise."""
    values: dict[str, Any] = {
        "kind": "turned_red",
        "said": {"from": "yellow", "to": "red", "reasons": [{"code": "overdue", "days": 1}]},
        "event": f"test:{next(_number)}",
        **fields,
    }
    return Notice.objects.create(user=user, task=task, due_at=at, created_at=found or at, **values)
