"""What a draft still lacks of the six clear things, and where each is filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import pgettext

from campaign.models import Task
from campaign.rules import last_day
from campaign.services.tasks import CLEAR_OF, missing_parts

# Which field of the edit form cures which lack; a product has a page of its own.
CURES = {
    "title": "title",
    "lead": "unit",
    "collective_lead": "unit",
    "dissolved_lead": "unit",
    "owner": "owner",
    "owner_left": "owner",
    "responsibility": "responsibility",
    "process": "process",
    "start": "start",
    "deadline": "deadline",
}
PRODUCT = "product"


@dataclass(frozen=True)
class Lack:
    """One thing that is missing, in words, and the address where it is filled in."""

    code: str
    words: str
    url: str


@dataclass(frozen=True)
class Clear:
    """One of the six clear things (``code``, as in CLEAR_OF; ``name`` in words) and what it lacks."""

    code: str
    name: str
    lacks: list[Lack]


@dataclass(frozen=True)
class DraftLine:
    task: Task
    lacks: list[Lack]

    @property
    def complete(self) -> bool:
        return not self.lacks

    @property
    def last_day(self) -> date | None:
        return last_day(self.task.deadline) if self.task.deadline else None


def draft_lines(tasks: Iterable[Task]) -> list[DraftLine]:
    """These drafts with what they lack; three queries, however many there are."""
    rows = list(tasks)
    prefetch_related_objects(rows, "unit", "owner", "products")
    return [DraftLine(row, lacks_of(row)) for row in rows]


def lacks_of(task: Task) -> list[Lack]:
    edit = reverse("campaign:task_edit", args=[task.pk])
    products = reverse("campaign:task_products", args=[task.pk])
    return [
        Lack(
            one.code,
            one.message,
            products if one.code == PRODUCT else f"{edit}#id_{CURES[one.code]}",
        )
        for one in missing_parts(task)
    ]


def gate_of(task: Task) -> list[Clear]:
    """The six clear things of a draft, each with what it lacks; empty for any other task."""
    if task.state != Task.State.DRAFT:
        return []
    lacks = lacks_of(task)
    six = (
        ("work", pgettext("six clears", "Task")),
        ("person", pgettext("six clears", "Person")),
        ("responsibility", pgettext("six clears", "Responsibility")),
        ("process", pgettext("six clears", "Process")),
        ("time", pgettext("six clears", "Time")),
        ("product", pgettext("six clears", "Product")),
    )
    return [
        Clear(code, name, [one for one in lacks if CLEAR_OF[one.code] == code])
        for code, name in six
    ]
