"""What happened to a task, told in sentences, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from campaign import reasons as words
from campaign.models import (
    Acceptance,
    Light,
    LightTransition,
    ProductRevision,
    Submission,
    Task,
)


@dataclass(frozen=True)
class Happening:
    """One line of the history. kind: report, submission, acceptance, deadline, light, judgement;
    of the story (``campaign.selectors.story``) also comment, file, request, handover, link, change.
    """

    at: datetime
    kind: str
    sentence: str
    note: str = ""
    light: str = ""
    details: tuple[str, ...] = ()


def happenings(task: Task) -> list[Happening]:
    """All facts of a task as sentences; seven queries."""
    found = [*_reports(task), *_rounds(task), *_decisions(task), *_lights(task)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _reports(task: Task) -> Iterator[Happening]:
    for report in task.reports.select_related("by"):
        said = _("%(who)s reported %(percent)s%% done")
        if report.obstacle:
            said = _("%(who)s reported %(percent)s%% done and an obstacle")
        sentence = said % {"who": report.by, "percent": report.percent}
        yield Happening(report.at, "report", sentence, report.note)


def _rounds(task: Task) -> Iterator[Happening]:
    sent = Submission.objects.filter(product__task=task).select_related("by", "product__task")
    for row in sent:
        sentence = _("%(who)s handed in “%(product)s” (round %(round)s)") % {
            "who": row.by,
            "product": row.product.title,
            "round": row.round,
        }
        yield Happening(row.at, "submission", sentence, row.statement)
    graded = Acceptance.objects.filter(submission__product__task=task)
    for one in graded.select_related("by", "unit", "submission__product"):
        sentence = _("%(who)s (%(unit)s) graded “%(product)s” %(grade)s") % {
            "who": one.by,
            "unit": one.unit,
            "product": one.submission.product.title,
            "grade": one.grade,
        }
        yield Happening(one.at, "acceptance", sentence, one.note)


def _decisions(task: Task) -> Iterator[Happening]:
    for row in task.revisions.select_related("approved_by"):
        sentence = _("%(who)s moved the deadline from %(old)s to %(new)s") % {
            "who": row.approved_by,
            "old": words.day(row.old),
            "new": words.day(row.new),
        }
        yield Happening(row.at, "deadline", sentence, row.reason)
    moved = ProductRevision.objects.filter(product__task=task)
    for date in moved.select_related("approved_by", "product"):
        sentence = _("%(who)s moved “%(product)s” from %(old)s to %(new)s") % {
            "who": date.approved_by,
            "product": date.product.title,
            "old": words.day(date.old),
            "new": words.day(date.new),
        }
        yield Happening(date.at, "deadline", sentence, date.reason)
    for one in task.judgements.select_related("by"):
        sentence = _("%(who)s judged the task %(light)s until %(day)s") % {
            "who": one.by,
            "light": Light(one.light).label.lower(),
            "day": words.day(one.expires_at),
        }
        yield Happening(one.at, "judgement", sentence, one.reason, one.light)


def _lights(task: Task) -> Iterator[Happening]:
    for row in LightTransition.objects.filter(task=task):
        if not row.to_light:
            continue
        said = [words.text(words.from_json(reason)) for reason in row.reasons[:1]]
        sentence = _("Light: %(light)s") % {"light": Light(row.to_light).label.lower()}
        yield Happening(row.effective_at, "light", sentence, said[0] if said else "", row.to_light)
