"""Products as a list: where each stands and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaign import reasons as words
from campaign.facts import facts_of
from campaign.models import Product, Task
from campaign.models.light import shape
from campaign.models.products import ProductQuerySet
from campaign.rules import (
    Policy,
    ProductFacts,
    TaskFacts,
    Verdict,
    days_late,
    days_left,
    last_day,
    task_light,
)
from campaign.selectors.judged import Judged


@dataclass(frozen=True)
class ProductLine:
    """One product at an instant. state: open, waiting, A, B or C; verdict: as if it were a task.

    It explains its light as a task does (``templatetags.lights``); leaders judge tasks alone.
    """

    product: Product
    facts: ProductFacts
    verdict: Verdict
    at: datetime
    beside: Judged | None = None

    @property
    def light(self) -> str:
        return self.verdict.light

    @property
    def shape(self) -> str:
        return shape(self.verdict.light, self.verdict.late_days)

    @property
    def why(self) -> list[str]:
        return [words.text(reason) for reason in self.verdict.reasons]

    @property
    def next_change_at(self) -> datetime | None:
        return self.verdict.next_change_at

    @property
    def state(self) -> str:
        if self.facts.waiting_since is not None:
            return "waiting"
        return self.facts.grade or "open"

    @property
    def deadline_day(self) -> object:
        return last_day(self.facts.deadline)

    @property
    def days_late(self) -> int:
        return 0 if self.facts.handed_in else days_late(self.facts.deadline, self.at)

    @property
    def remedy_day(self) -> object:
        """Last day for the remedies, while they are not handed in."""
        until = self.facts.remediate_until
        return last_day(until) if until and self.state in {"B", "C"} else None

    @property
    def days_left(self) -> int:
        return days_left(self.facts.deadline, self.at)


def product_lines(
    products: ProductQuerySet, *, policy: Policy, at: datetime, past: bool = False
) -> list[ProductLine]:
    """Lines of these products, in their order. Three queries.

    past: as they stood at ``at``, without what happened since (one more query).
    """
    rows = list(products.select_related("task__unit", "task__owner", "task__block"))
    tasks: dict[int, Task] = {row.task_id: row.task for row in rows}
    known = facts_of(tasks.values(), at, past=past)
    return [
        ProductLine(row, facts, product_verdict(known[row.task_id], facts, policy, at), at)
        for row in rows
        if row.task_id in known
        for facts in known[row.task_id].products
        if facts.name == row.name
    ]


def product_verdict(task: TaskFacts, facts: ProductFacts, policy: Policy, at: datetime) -> Verdict:
    """The light of one product alone: its task's progress is not its own matter."""
    alone = TaskFacts(task.start, facts.deadline, products=(facts,))
    return task_light(alone, Policy(policy.warning_days, behind_points=100), at)
