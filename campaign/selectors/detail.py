"""One task with everything that was agreed and everything that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from campaign import reasons as words
from campaign.facts import facts_of, policy_at
from campaign.models import (
    DeadlineRevision,
    Judgement,
    Product,
    ProgressReport,
    Submission,
    Task,
    TaskUnit,
)
from campaign.models.light import shape
from campaign.rules import Verdict, last_day, planned_percent, start_of, task_light
from campaign.selectors.changes import changes_of
from campaign.selectors.history import Happening, happenings
from campaign.selectors.judged import Judged
from campaign.selectors.products import ProductLine, product_verdict
from campaign.services.access import may_decide, may_work
from campaign.services.products import may_accept
from campaign.services.tasks import missing_parts
from security.history import Change
from security.models import User
from security.scope import may


@dataclass(frozen=True)
class ProductBox:
    """A product with its rounds and what this user may do with it."""

    line: ProductLine
    rounds: list[Submission]
    may_submit: bool
    may_accept: bool

    @property
    def product(self) -> Product:
        return self.line.product

    @property
    def signers(self) -> list[str]:
        return [unit.name for unit in self.product.signing_units.all()]

    @property
    def last(self) -> Submission | None:
        return self.rounds[-1] if self.rounds else None

    @property
    def waiting(self) -> Submission | None:
        last = self.last
        return None if last is None or hasattr(last, "acceptance") else last


@dataclass(frozen=True)
class TaskDetail:
    task: Task
    at: datetime
    verdict: Verdict | None
    planned: int
    last_report: ProgressReport | None
    products: list[ProductBox]
    partners: list[TaskUnit]
    revisions: list[DeadlineRevision]
    judgement: Judgement | None
    history: list[Happening]
    changes: list[Change]
    missing: list[str]
    may_report: bool
    may_revise: bool
    may_judge: bool
    may_activate: bool

    @property
    def shape(self) -> str:
        """The light to draw; done late keeps its own shape."""
        return shape(self.verdict.light, self.verdict.late_days) if self.verdict else ""

    @property
    def last_day(self) -> date | None:
        return last_day(self.task.deadline) if self.task.deadline else None

    @property
    def original_day(self) -> date | None:
        original = self.task.original_deadline
        return last_day(original) if original else None

    @property
    def judgement_day(self) -> date | None:
        return last_day(self.judgement.expires_at) if self.judgement else None

    @property
    def beside(self) -> Judged | None:
        """The leader's judgement as every light shows it."""
        return Judged.of(self.judgement)

    @property
    def next_change_at(self) -> datetime | None:
        return self.verdict.next_change_at if self.verdict else None

    @property
    def why(self) -> list[str]:
        return [words.text(r) for r in self.verdict.reasons] if self.verdict else []

    @property
    def progress(self) -> int:
        return self.last_report.percent if self.last_report else 0


def task_detail(user: User, task: Task, *, now: datetime) -> TaskDetail:
    """Everything about one visible task; a fixed number of queries plus a few per product."""
    running = task.state == Task.State.ACTIVE
    known = facts_of([task], now).get(task.pk)
    policy = policy_at(task.campaign_id, now)
    verdict = task_light(known, policy, now) if known and task.light else None
    works = running and may_work(user, "campaign.submit", task)
    boxes = []
    if known:
        by_name = {facts.name: facts for facts in known.products}
        for product in _products(task):
            facts = by_name[product.name]
            alone = product_verdict(known, facts, policy, now)
            rounds = list(product.submissions.all())
            boxes.append(
                ProductBox(
                    line=ProductLine(product, facts, alone, now),
                    rounds=rounds,
                    may_submit=works and not facts.final and facts.waiting_since is None,
                    may_accept=running
                    and facts.waiting_since is not None
                    and rounds[-1].unit_id != user.unit_id
                    and may_accept(user, product, now),
                )
            )
    return TaskDetail(
        task=task,
        at=now,
        verdict=verdict,
        planned=_planned(task, now),
        last_report=task.reports.select_related("by").first(),
        products=boxes,
        partners=list(task.task_units.select_related("unit")),
        revisions=list(task.revisions.select_related("approved_by")),
        judgement=task.judgements.in_force(now).select_related("by").first(),
        history=happenings(task),
        changes=changes_of(user, task),
        missing=[p.message for p in missing_parts(task)] if task.state == "draft" else [],
        may_report=running and may_work(user, "campaign.report", task),
        may_revise=running and may_decide(user, "campaign.approve_deadline", task, now),
        may_judge=running and may_decide(user, "campaign.judge", task, now),
        may_activate=task.state == Task.State.DRAFT and may(user, "campaign.manage", task),
    )


def _products(task: Task) -> list[Product]:
    rows = task.products.prefetch_related(
        "signing_units",
        "submissions__by",
        "submissions__unit",
        "submissions__acceptance__by",
        "submissions__acceptance__unit",
        "submissions__acceptance__remediate_by",
    )
    return list(rows.select_related("task"))


def _planned(task: Task, now: datetime) -> int:
    if task.start is None or task.deadline is None:
        return 0
    return planned_percent(start_of(task.start), task.deadline, now)
