"""One product with its rounds: what was stated and shown for each criterion, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from campaign.facts import facts_of, policy_at
from campaign.models import (
    Acceptance,
    Attachment,
    Product,
    ProductRevision,
    Submission,
    Task,
)
from campaign.rules import last_day
from campaign.selectors.products import ProductLine, product_verdict
from campaign.services.access import may_decide, may_work
from campaign.services.criteria import asked_of
from campaign.services.deadlines import APPROVE
from campaign.services.products import may_grade
from security.models import User
from security.scope import may


@dataclass(frozen=True)
class Criterion:
    """One criterion in one round. ``met``: None while nobody has looked at it alone."""

    text: str
    statement: str = ""
    files: tuple[Attachment, ...] = ()
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Round:
    """One hand-in and its grade, if it has one. ``files`` belong to no single criterion."""

    submission: Submission
    criteria: tuple[Criterion, ...]
    files: tuple[Attachment, ...]
    acceptance: Acceptance | None

    @property
    def met(self) -> int:
        return sum(1 for one in self.criteria if one.met)

    @property
    def judged(self) -> bool:
        """Whether the reviewer went through the criteria one by one."""
        return any(one.met is not None for one in self.criteria)

    @property
    def remedy_day(self) -> date | None:
        until = self.acceptance.remediate_until if self.acceptance else None
        return last_day(until) if until else None


@dataclass(frozen=True)
class Moved:
    """A date that was moved. ``old_day``: the last day before that."""

    old_day: date
    row: ProductRevision


@dataclass(frozen=True)
class ProductPage:
    """A product for one reader. ``rounds``: the newest first. ``own_unit``: he grades elsewhere,
    but his unit leads this task or handed the product in."""

    task: Task
    line: ProductLine | None
    product: Product
    rounds: tuple[Round, ...]
    signers: tuple[str, ...]
    may_submit: bool
    may_grade: bool
    own_unit: bool
    revisions: tuple[Moved, ...]
    may_move: bool

    @property
    def waiting(self) -> Round | None:
        """The hand-in that waits for its grade."""
        return self.rounds[0] if self.rounds and self.rounds[0].acceptance is None else None

    @property
    def last(self) -> Round | None:
        return self.rounds[0] if self.rounds else None


def product_page(user: User, task: Task, product: Product, *, now: datetime) -> ProductPage:
    """Everything about one product of a visible task, in a fixed number of queries."""
    rounds = _rounds(product)
    line = _line(task, product, now)
    running = task.state == Task.State.ACTIVE
    waiting = rounds[0].submission if rounds and rounds[0].acceptance is None else None
    own = {task.unit_id, waiting.unit_id if waiting else None}
    return ProductPage(
        task=task,
        line=line,
        product=product,
        rounds=rounds,
        signers=tuple(unit.name for unit in product.signing_units.all()),
        may_submit=running
        and waiting is None
        and line is not None
        and not line.facts.final
        and may_work(user, "campaign.submit", task),
        may_grade=running and waiting is not None and may_grade(user, waiting, now),
        own_unit=waiting is not None and may(user, "campaign.accept") and user.unit_id in own,
        revisions=tuple(
            Moved(last_day(row.old), row) for row in product.revisions.select_related("approved_by")
        ),
        may_move=running
        and line is not None
        and not line.facts.final
        and may_decide(user, APPROVE, task, now),
    )


def _line(task: Task, product: Product, now: datetime) -> ProductLine | None:
    """None of a draft without dates."""
    known = facts_of([task], now).get(task.pk)
    facts = (
        next((one for one in known.products if one.name == product.name), None) if known else None
    )
    if known is None or facts is None:
        return None
    policy = policy_at(task.campaign_id, now)
    return ProductLine(product, facts, product_verdict(known, facts, policy, now), now)


def _rounds(product: Product) -> tuple[Round, ...]:
    rows = product.submissions.order_by("-round").select_related(
        "by", "unit", "acceptance__by", "acceptance__unit", "acceptance__remediate_by"
    )
    found = list(rows)
    files: dict[int, list[Attachment]] = {}
    kept = Attachment.objects.filter(submission__in=found).select_related("stored", "by")
    for file in kept.order_by("pk"):
        files.setdefault(file.submission_id or 0, []).append(file)
    return tuple(_round(product, row, files.get(row.pk, [])) for row in found)


def _round(product: Product, row: Submission, files: Iterable[Attachment]) -> Round:
    row.product = product
    acceptance: Acceptance | None = getattr(row, "acceptance", None)
    by_id = {file.pk: file for file in files}
    seen = acceptance.criteria if acceptance else []
    criteria = tuple(
        _criterion(text, _at(row.criteria, i), _at(seen, i), by_id)
        for i, text in enumerate(asked_of(row))
    )
    placed = {file.pk for one in criteria for file in one.files}
    rest = tuple(file for pk, file in by_id.items() if pk not in placed)
    return Round(row, criteria, rest, acceptance)


def _criterion(
    text: str, told: dict[str, Any], seen: dict[str, Any], files: dict[int, Attachment]
) -> Criterion:
    return Criterion(
        text,
        told.get("statement", ""),
        tuple(files[pk] for pk in told.get("files", ()) if pk in files),
        seen.get("met"),
        seen.get("note", ""),
    )


def _at(rows: list[dict[str, Any]], i: int) -> dict[str, Any]:
    return rows[i] if i < len(rows) else {}
