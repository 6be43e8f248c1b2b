"""The home of people in units: my tasks, my unit's, what waits for me, what changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign import reasons
from campaign.facts import facts_of, policy_at
from campaign.models import Acceptance, Campaign, Submission, Task
from campaign.rules import Policy, ProductFacts, TaskFacts, last_day, task_light
from campaign.selectors import TaskFilter, current_campaign
from campaign.services.access import may_work
from dashboard import selectors
from dashboard.board import board_page
from dashboard.board_page import BoardPage
from dashboard.fingerprint import fingerprint
from dashboard.links import report_url, task_list_url, task_url
from dashboard.steps import clock_of, clock_words
from dashboard.words import (
    TimeWords,
    day_words,
    due_words,
    light_class,
    light_word,
)
from security.models import User
from security.scope import may


@dataclass(frozen=True)
class Wait:
    """Something only this reader can move."""

    what: str
    why: str
    url: str
    action: str
    due: TimeWords | None = None
    task_id: int = 0


@dataclass(frozen=True)
class WorkRow:
    title: str
    url: str
    light: str
    word: str
    due: TimeWords | None
    due_date: str
    progress: str
    products: str
    reason: str
    owner: str
    report_url: str
    task_id: int


@dataclass(frozen=True)
class Part:
    """``rows`` are the most pressing; ``link`` names and counts what ``url`` lists."""

    name: str
    title: str
    rows: tuple[WorkRow, ...]
    link: str
    url: str
    none: str


@dataclass(frozen=True)
class ChangeRow:
    at: datetime
    title: str
    url: str
    light: str
    words: str
    who: str
    task_id: int


@dataclass(frozen=True)
class UnitPage:
    """``board``: the unit's own figures, for whoever heads it; at a past instant nothing else."""

    unit: str
    loaded: bool
    waits: tuple[Wait, ...]
    parts: tuple[Part, ...]
    changes: tuple[ChangeRow, ...]
    board: BoardPage | None = field(default=None, metadata={"clock": True})  # has clocks of its own
    as_of: datetime = field(metadata={"clock": True}, kw_only=True)

    @property
    def past(self) -> bool:
        return self.board is not None and self.board.past

    @property
    def fingerprint(self) -> str:
        return fingerprint(self) + (self.board.fingerprint if self.board else "")

    @property
    def shown(self) -> list[int]:
        """Ids of all tasks that this page names."""
        work = {row.task_id for part in self.parts for row in part.rows}
        waits, changes = ({row.task_id for row in rows} for rows in (self.waits, self.changes))
        pressing = {row.task_id for row in self.board.exceptions} if self.board else set()
        return sorted(work | waits | changes | pressing)


def change_rows(changes: list[selectors.Change]) -> tuple[ChangeRow, ...]:
    """Changes in words, each with the light the task shows now."""
    return tuple(
        ChangeRow(
            at=change.at,
            title=change.task.title,
            url=task_url(change.task),
            light=light_class(change.task.light, change.task.late_days),
            words=_change_words(change),
            who=change.who,
            task_id=change.task.pk,
        )
        for change in changes
    )


def _change_words(change: selectors.Change) -> str:
    if change.kind == "report":
        said = _("reported %(percent)s%%") % {"percent": change.percent}
    elif change.kind == "grade":
        said = _("product graded %(grade)s") % {"grade": change.to}
    else:
        said = _("turned to: %(light)s") % {"light": light_word(change.to)}
    return f"{said} – {change.words}" if change.words else said


def unit_page(
    user: User,
    now: datetime,
    *,
    campaign: Campaign | None = None,
    named: str = "",
    at: datetime | None = None,
) -> UnitPage:
    """The page of one person; a fixed number of queries.

    campaign: the chosen one, None for the one that began last; named: its code for the lists.
    at: a past instant, for the figures of a unit's head; work is always that of now.
    """
    campaign = campaign or current_campaign()
    heads = campaign is not None and may(user, "campaign.accept")
    unit = TaskFilter(unit=user.unit.code)
    board = (
        board_page(user, at, now=now, campaign=campaign, named=named, part=unit) if heads else None
    )
    page = UnitPage(
        unit=user.unit.name,
        loaded=campaign is not None,
        waits=(),
        parts=(),
        changes=(),
        board=board,
        as_of=board.as_of if board and board.past else now,
    )
    if page.past:
        return page
    return replace(
        page,
        waits=_waits(user, now),
        parts=_parts(user, campaign, now, named=named, heads=heads) if campaign else (),
        changes=change_rows(selectors.recent_changes(user, now)),
    )


def _parts(
    user: User, campaign: Campaign, now: datetime, *, named: str, heads: bool
) -> tuple[Part, ...]:
    """What he owns; for whoever does not head the unit also what it leads besides.

    The head reads the unit's own in its board, the pressing ones one by one.
    """
    mine = selectors.work_of(user, campaign, named=named)
    units = None if heads else selectors.work_of_unit(user, campaign, named=named)
    found = [*mine.rows, *(units.rows if units else ())]
    rows = _work_rows(user, campaign, found, now)
    own = Part(
        name="mine",
        title=_("My tasks"),
        rows=tuple(rows[task.pk] for task in mine.rows),
        link=ngettext("The one running task of mine", "All %(n)s running tasks of mine", mine.total)
        % {"n": mine.total},
        url=task_list_url(mine.query) if mine.total else "",
        none=_("No running task has your name"),
    )
    if units is None:
        return (own,)
    return (
        own,
        Part(
            name="unit",
            title=_("Other tasks of my unit"),
            rows=tuple(rows[task.pk] for task in units.rows),
            link=ngettext(
                "The one running task of the unit",
                "All %(n)s running tasks of the unit",
                units.total,
            )
            % {"n": units.total},
            url=task_list_url(units.query) if units.total else "",
            none=_("Nothing else is running in your unit"),
        ),
    )


def _work_rows(
    user: User, campaign: Campaign, tasks: list[Task], now: datetime
) -> dict[int, WorkRow]:
    """Rows by task id. The light is the stored one, as in every list; reasons are of now."""
    known = facts_of(tasks, now)
    policy = policy_at(campaign.pk, now)
    return {task.pk: _work_row(user, task, known[task.pk], policy, now) for task in tasks}


def _work_row(user: User, task: Task, facts: TaskFacts, policy: Policy, now: datetime) -> WorkRow:
    verdict = task_light(facts, policy, now)
    pressing = clock_of(verdict.reasons, facts.deadline)
    return WorkRow(
        title=task.title,
        url=task_url(task),
        light=light_class(task.light, task.late_days),
        word=light_word(task.light, task.late_days),
        due=clock_words(verdict.reasons, facts.deadline, now, policy.warning_days),
        due_date=day_words(last_day(pressing)),
        progress=_("progress %(percent)s%%") % {"percent": facts.progress},
        products=_products_words(facts.products),
        reason="; ".join(reasons.text(reason) for reason in verdict.reasons),
        owner="" if task.owner_id == user.pk else str(task.owner or ""),
        report_url=report_url(task) if may_work(user, "campaign.report", task) else "",
        task_id=task.pk,
    )


def _products_words(products: tuple[ProductFacts, ...]) -> str:
    handed_in = sum(1 for product in products if product.handed_in)
    accepted = sum(1 for product in products if product.final)
    return ngettext(
        "%(handed)s of %(n)s product handed in, %(accepted)s accepted",
        "%(handed)s of %(n)s products handed in, %(accepted)s accepted",
        len(products),
    ) % {"handed": handed_in, "n": len(products), "accepted": accepted}


def _waits(user: User, now: datetime) -> tuple[Wait, ...]:
    remedies = [_remedy(one, now) for one in selectors.remedies_of(user)]
    return (*remedies, *(_hand_in(one) for one in selectors.hand_ins_to_grade(user, now)))


def _remedy(acceptance: Acceptance, now: datetime) -> Wait:
    product = acceptance.submission.product
    until = acceptance.remediate_until
    return Wait(
        what=product.title,
        why=_("graded %(grade)s: remedies are yours") % {"grade": acceptance.grade},
        url=task_url(product.task),
        action=_("See what is missing"),
        due=due_words(until, now) if until else None,
        task_id=product.task_id,
    )


def _hand_in(submission: Submission) -> Wait:
    return Wait(
        what=submission.product.title,
        why=_("handed in by %(who)s, %(unit)s") % {"who": submission.by, "unit": submission.unit},
        url=task_url(submission.product.task),
        action=_("Grade it"),
        task_id=submission.product.task_id,
    )
