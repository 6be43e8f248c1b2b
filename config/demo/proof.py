"""What the demonstration states, shows and finds for each criterion of a product."""

from __future__ import annotations

from typing import Any

from campaign.models import Grade, Product, Submission
from campaign.services import Answer, Sent, Verdict
from campaign.services.criteria import asked_of


def answers_of(product: Product, words: dict[str, Any]) -> list[Answer]:
    """One answer per criterion; a self-check as a file with the first of the plan's own products."""
    return [
        Answer(
            words["stated"][i % len(words["stated"])].format(n=i + 1),
            (_self_check(product, criterion, words),) if product.checklist_code and i == 0 else (),
        )
        for i, criterion in enumerate(product.criteria)
    ]


def verdicts_on(submission: Submission, grade: str, words: dict[str, Any]) -> list[Verdict]:
    """All met for an A; after B or C the last one is not."""
    asked = asked_of(submission)
    unmet = len(asked) - 1 if grade != Grade.A else -1
    return [Verdict(i != unmet, words["unmet"] if i == unmet else "") for i in range(len(asked))]


def _self_check(product: Product, criterion: str, words: dict[str, Any]) -> Sent:
    text = words["evidence"].format(product=product.title, criterion=criterion)
    return Sent(f"tu-kiem-tra-{product.checklist_code}.txt", [text.encode()])
