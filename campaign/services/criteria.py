"""What a hand-in says of each criterion, and what the reviewer finds: the same criteria, in order.

The texts are copied into the rows: a criterion that is reworded later does not change what was
stated and found then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from campaign.models import Grade, Product, Submission
from security.services import Problem, RefusedError


@dataclass(frozen=True)
class Verdict:
    """What a reviewer finds of one criterion; ``note`` says what is missing."""

    met: bool | None
    note: str = ""


def same_criteria(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether they say the same in the same order; a form may break lines in another way."""
    return [" ".join(one.split()) for one in some] == [" ".join(one.split()) for one in others]


def stated(
    product: Product, answers: Sequence[str] | None, asked: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """``Submission.criteria`` from one answer per criterion; [] where None were asked.

    asked: the criteria that the answers speak of, where the caller knows. Call it under the lock.
    Raises RefusedError: ``criteria`` (they are others now), ``answer_0``, ``answer_1`` …
    """
    if answers is None:
        return []
    others = asked is not None and not same_criteria(asked, product.criteria)
    if others or len(answers) != len(product.criteria):
        raise RefusedError(
            Problem("criteria", _("The criteria were changed meanwhile: look again."))
        )
    problems = [
        Problem(f"answer_{i}", _("Say how this criterion is met."))
        for i, answer in enumerate(answers)
        if not answer.strip()
    ]
    if problems:
        raise RefusedError(*problems)
    return [
        {"criterion": criterion, "statement": answer.strip()}
        for criterion, answer in zip(product.criteria, answers, strict=True)
    ]


def asked_of(submission: Submission) -> list[str]:
    """The criteria a reviewer goes through: those stated, else the product's own."""
    return [one["criterion"] for one in submission.criteria] or list(submission.product.criteria)


def found(
    submission: Submission, grade: str, verdicts: Sequence[Verdict] | None, note: str
) -> list[dict[str, Any]]:
    """``Acceptance.criteria``; [] where None were given and the grade speaks for the whole.

    An A needs every criterion met; B and C say what is to be remedied. Raises RefusedError:
    ``criteria``, ``met_0`` …, ``note_0`` …, ``grade``, ``note``.
    """
    if verdicts is None:
        return []
    asked = asked_of(submission)
    if len(verdicts) != len(asked):
        raise RefusedError(
            Problem("criteria", _("The criteria were changed meanwhile: look again."))
        )
    problems = [*_verdict_problems(verdicts), *_grade_fits(grade, verdicts, note)]
    if problems:
        raise RefusedError(*problems)
    return [
        {"criterion": criterion, "met": verdict.met, "note": verdict.note.strip()}
        for criterion, verdict in zip(asked, verdicts, strict=True)
    ]


def _verdict_problems(verdicts: Sequence[Verdict]) -> Iterator[Problem]:
    for i, verdict in enumerate(verdicts):
        if verdict.met is None:
            yield Problem(f"met_{i}", _("Say whether this criterion is met."))
        elif not verdict.met and not verdict.note.strip():
            yield Problem(f"note_{i}", _("Say what is missing."))


def _grade_fits(grade: str, verdicts: Sequence[Verdict], note: str) -> Iterator[Problem]:
    unmet = any(verdict.met is False for verdict in verdicts)
    if grade == Grade.A and unmet:
        yield Problem("grade", _("A means that every criterion is met."))
    if grade in {Grade.B, Grade.C} and not unmet and not note.strip():
        yield Problem("note", _("Say what has to be remedied."))
