"""Work as it goes on: progress, handing in, acceptance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _

from campaign.models import Acceptance, Grade, Product, ProgressReport, Submission, Task
from campaign.rules import end_of
from campaign.services.access import leads_block, locked, may_work, not_allowed, refuse
from campaign.services.criteria import Verdict, found, stated
from campaign.services.owed import own_product
from security import audit
from security.models import Unit, User
from security.scope import may
from security.services import Problem, RefusedError


def report_progress(
    *,
    actor: User,
    task: Task,
    percent: int,
    note: str = "",
    obstacle: bool = False,
    now: datetime,
) -> ProgressReport:
    """Append a progress report (0–100 points). An obstacle must be described."""
    if not may_work(actor, "campaign.report", task):
        raise not_allowed()
    problems = []
    if not 0 <= percent <= 100:
        problems.append(Problem("percent", _("Progress lies between 0 and 100 percent.")))
    if obstacle and not note.strip():
        problems.append(Problem("note", _("Say what the obstacle is.")))
    if problems:
        raise RefusedError(*problems)
    with locked(task, actor=actor, now=now) as row:
        _must_run(row)
        report = ProgressReport.objects.create(
            task=row, percent=percent, note=note.strip(), obstacle=obstacle, by=actor, at=now
        )
        audit.record("task.progress_reported", actor=actor, row=row)
    return report


def submit_product(
    *,
    actor: User,
    product: Product,
    statement: str,
    answers: Sequence[str] | None = None,
    asked: Sequence[str] | None = None,
    link: str = "",
    now: datetime,
) -> Submission:
    """Hand a product in; a new round after a B or C, never while one waits for its grade.

    answers: one per criterion, in their order; None where the statement speaks of them all.
    asked: the criteria that whoever wrote the answers had before him.
    """
    task = product.task
    if not may_work(actor, "campaign.submit", task):
        raise not_allowed()
    if not statement.strip():
        raise refuse("statement", _("Say what is handed in and how it meets the criteria."))
    with locked(task, actor=actor, now=now) as row:
        _must_run(row)
        product = own_product(row, product)
        last = product.submissions.select_related("acceptance").order_by("-round").first()
        if last is not None and not hasattr(last, "acceptance"):
            raise refuse("waiting", _("The product already waits for acceptance."))
        if last is not None and last.acceptance.grade == Grade.A:
            raise refuse("accepted", _("The product is already accepted."))
        submission = Submission.objects.create(
            product=product,
            round=last.round + 1 if last else 1,
            statement=statement.strip(),
            criteria=stated(product, answers, asked),
            link=link.strip(),
            by=actor,
            unit=actor.unit,
            at=now,
        )
        audit.record("product.submitted", actor=actor, row=row, reason=f"product {product.pk}")
    return submission


def may_accept(actor: User, product: Product, now: datetime) -> bool:
    """By a role over the task's unit, as the block's deputy head, or from a signing unit.

    Never a person of the lead unit or of the unit that handed the product in.
    """
    task = product.task
    if not may(actor, "campaign.accept") or actor.unit_id == task.unit_id:
        return False
    signs = Unit.objects.filter(pk=actor.unit_id).filter(
        pk__in=[
            unit.pk
            for signing in product.signing_units.prefetch_related("members")
            for unit in (signing, *signing.members.all())
        ]
    )
    return may(actor, "campaign.accept", task) or leads_block(actor, task, now) or signs.exists()


def accept_product(
    *,
    actor: User,
    submission: Submission,
    grade: str,
    note: str = "",
    verdicts: Sequence[Verdict] | None = None,
    remediate_on: date | None = None,
    remediate_by: User | None = None,
    now: datetime,
) -> Acceptance:
    """Grade a hand-in: A as asked, B usable with remedies, C not accepted.

    B and C name the last day for the remedies and the person who sees to them. Only an A closes
    a product: after B or C another round follows. A task is done when all its products are A.
    verdicts: one per criterion (``criteria.found``); None where the grade speaks for the whole.
    """
    product = submission.product
    _check_may_grade(actor, submission, now)
    problems = _grade_problems(grade, remediate_on, remediate_by, now)
    try:
        criteria = found(submission, grade, verdicts, note)
    except RefusedError as refused:
        problems += refused.problems
    if problems:
        raise RefusedError(*problems)
    with locked(product.task, actor=actor, now=now) as row:
        _must_run(row)
        if Acceptance.objects.filter(submission=submission).exists():
            raise refuse("graded", _("This hand-in is graded already."))
        acceptance = Acceptance.objects.create(
            submission=submission,
            submitting_unit_id=submission.unit_id,
            grade=grade,
            criteria=criteria,
            note=note.strip(),
            remediate_until=(
                end_of(remediate_on, before=False) if remediate_on and grade != Grade.A else None
            ),
            remediate_by=remediate_by if grade != Grade.A else None,
            by=actor,
            unit=actor.unit,
            at=now,
        )
        said = f"product {product.pk}: {grade}"
        audit.record("product.accepted", actor=actor, row=row, reason=said)
    return acceptance


def may_grade(actor: User, submission: Submission, now: datetime) -> bool:
    """Whether this person may grade this very hand-in."""
    try:
        _check_may_grade(actor, submission, now)
    except RefusedError:
        return False
    return True


def _check_may_grade(actor: User, submission: Submission, now: datetime) -> None:
    """own_unit before not_allowed: whoever grades elsewhere is told why he may not here."""
    task = submission.product.task
    if may(actor, "campaign.accept") and actor.unit_id in {submission.unit_id, task.unit_id}:
        raise refuse(
            "own_unit",
            _("A unit cannot accept its own product: %(unit)s leads the task or handed it in.")
            % {"unit": actor.unit},
        )
    if not may_accept(actor, submission.product, now):
        raise not_allowed()


def _grade_problems(
    grade: str, remediate_on: date | None, remediate_by: User | None, now: datetime
) -> list[Problem]:
    if grade not in Grade.values:
        return [Problem("grade", _("Choose a grade: A, B or C."))]
    if grade == Grade.A:
        return []
    problems = []
    if remediate_on is None:
        problems.append(Problem("remediate_on", _("B and C need a date for the remedies.")))
    elif end_of(remediate_on, before=False) <= now:
        problems.append(Problem("remediate_on", _("The date for the remedies lies in the past.")))
    if remediate_by is None:
        problems.append(Problem("remediate_by", _("B and C need a person for the remedies.")))
    elif not remediate_by.is_active:
        problems.append(Problem("remediate_by", _("This person has left.")))
    return problems


def _must_run(task: Task) -> None:
    if task.state != Task.State.ACTIVE:
        raise refuse("not_active", _("Only a running task can be changed."))
