"""A hand-in with its files: the statement, an answer and evidence per criterion, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Product, Submission
from campaign.services.access import refuse
from campaign.services.attaching import attach_file
from campaign.services.evidence import Sent
from campaign.services.products import submit_product
from security.models import User
from security.services import Problem, RefusedError

FILES_AT_MOST = 20  # of one hand-in


@dataclass(frozen=True)
class Answer:
    """How one criterion is met, and the files that show it."""

    statement: str
    sent: tuple[Sent, ...] = ()


@transaction.atomic
def hand_in(
    *,
    actor: User,
    product: Product,
    statement: str,
    answers: Sequence[Answer] = (),
    asked: Sequence[str] | None = None,
    sent: Sequence[Sent] = (),
    link: str = "",
    now: datetime,
) -> Submission:
    """Hand a product in with an answer per criterion and with files; a new round after B or C.

    answers: in the order of ``product.criteria``; asked: these as whoever answered saw them.
    sent: files of the whole. A refused file refuses the hand-in. Raises RefusedError as
    ``submit_product`` and ``criteria.stated``, and for files
    with the code of their field: ``files`` or ``files_0``, ``files_1`` …
    """
    if sum(map(len, [sent, *(answer.sent for answer in answers)])) > FILES_AT_MOST:
        raise refuse("files", _("%(n)d files at most.") % {"n": FILES_AT_MOST})
    submission = submit_product(
        actor=actor,
        product=product,
        statement=statement,
        answers=[answer.statement for answer in answers],
        asked=asked,
        link=link,
        now=now,
    )
    problems: list[Problem] = []
    for i, answer in enumerate(answers):
        kept = _attached(actor, submission, answer.sent, f"files_{i}", problems, now)
        submission.criteria[i]["files"] = kept
    _attached(actor, submission, sent, "files", problems, now)
    if problems:
        raise RefusedError(*problems)
    submission.save(update_fields=["criteria"])
    return submission


def _attached(
    actor: User,
    submission: Submission,
    sent: Sequence[Sent],
    code: str,
    problems: list[Problem],
    now: datetime,
) -> list[int]:
    """Ids of the files kept; what is wrong with the others is added to ``problems`` by name."""
    kept = []
    for one in sent:
        try:
            row = attach_file(
                actor=actor,
                task=submission.product.task,
                name=one.name,
                chunks=one.chunks,
                now=now,
                submission=submission,
            )
        except RefusedError as refused:
            if any(problem.code == "not_allowed" for problem in refused.problems):
                raise
            said = (Problem(code, f"{one.name}: {p.message}") for p in refused.problems)
            problems.extend(said)
        else:
            kept.append(row.pk)
    return kept
