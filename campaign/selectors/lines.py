"""Tasks as lines of a list: light, reasons and who is waited for, two queries for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from campaign import reasons as words
from campaign.facts import facts_of
from campaign.models import Task
from campaign.models.light import shape
from campaign.models.tasks import TaskQuerySet
from campaign.rules import Policy, Reason, TaskFacts, days_late, days_left, last_day, task_light
from campaign.selectors.judged import Judged, judged_at
from campaign.selectors.past import Then
from campaign.selectors.pressing import pressure_of

WAITING_FOR_A_GRADE = frozenset({"awaiting_acceptance", "submitted_late"})


@dataclass(frozen=True)
class TaskLine:
    """One task at an instant. ``light`` is the stored (or past) one, ``beside`` a leader's own.

    next_change_at: when time alone will change the light.
    """

    task: Task
    light: str
    at: datetime
    deadline: datetime | None
    progress: int = 0
    reasons: tuple[Reason, ...] = ()
    beside: Judged | None = None
    next_change_at: datetime | None = None

    @property
    def judged(self) -> str:
        """The light a leader judges; "" if nobody does."""
        return self.beside.light if self.beside else ""

    @property
    def shape(self) -> str:
        """The light to draw; done late keeps its own shape."""
        return shape(self.light, self.task.late_days)

    @property
    def why(self) -> list[str]:
        """The reasons in words, worst first."""
        return [words.text(reason) for reason in self.reasons]

    @property
    def deadline_day(self) -> object:
        """Last day in time."""
        return last_day(self.deadline) if self.deadline else None

    @property
    def days_late(self) -> int:
        """Days of the worst missed date (the task's or one of its products'); 0 if none."""
        own = [r.days for r in self.reasons if r.light == "red"]
        if self.light in {"done", ""} or self.deadline is None:
            return self.task.late_days
        return max(own, default=0) or days_late(self.deadline, self.at)

    @property
    def days_left(self) -> int:
        return days_left(self.deadline, self.at) if self.deadline else 0

    @property
    def leader_is_asked(self) -> bool:
        """Whether a leader has to act next: to grade, or to decide on another date asked for.

        The latter is known of rows of ``with_pressure`` alone.
        """
        if pressure_of(self.task).asked_day is not None:
            return True
        return any(reason.code in WAITING_FOR_A_GRADE for reason in self.reasons[:1])

    @property
    def waits_for(self) -> str:
        """Who has to act next, by name or post."""
        return decider_of(self.task) if self.leader_is_asked else str(self.task.owner or "")


def decider_of(task: Task) -> str:
    """The deputy head of the task's block, by name or by the post that the plan prints."""
    block = task.block
    if block is None:
        return _("acceptance")
    return str(block.deputy) if block.deputy else block.in_charge


def with_people(rows: TaskQuerySet, at: datetime) -> TaskQuerySet:
    """What a line shows, joined; with the leader's judgement in force as ``judged``."""
    people = ("unit", "owner", "block__deputy")
    return rows.select_related(*people).annotate(  # type: ignore[no-any-return]
        judged=judged_at(at)
    )


def lines_of(
    rows: TaskQuerySet | list[Task], *, policy: Policy, at: datetime, then: Then | None = None
) -> list[TaskLine]:
    """Lines of these tasks in their order; give rows of ``with_people``, sliced. Three queries.

    then: of a past instant (``then_at``); None means that ``at`` is now.
    """
    tasks: list[Task] = list(rows)
    if then is not None:
        then.put_into(tasks)
    known = facts_of(tasks, at, past=then is not None)
    return [_line(task, known.get(task.pk), policy, at) for task in tasks]


def _line(task: Task, facts: TaskFacts | None, policy: Policy, at: datetime) -> TaskLine:
    light = getattr(task, "lit", task.light)
    judged = Judged.from_json(getattr(task, "judged", None))
    if facts is None or not light:
        return TaskLine(task, light, at, task.deadline, beside=judged)
    verdict = task_light(facts, policy, at)
    return TaskLine(
        task,
        light,
        at,
        facts.deadline,
        facts.progress,
        verdict.reasons,
        judged,
        verdict.next_change_at,
    )
