"""Red and yellow tasks in words: whose, how late, why, what is in the way, who is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaign.selectors import TaskLine
from campaign.selectors.judged import Judged
from campaign.selectors.pressing import pressure_of
from dashboard.links import task_url
from dashboard.steps import clock_words, next_step
from dashboard.words import TimeWords, light_word


@dataclass(frozen=True)
class ExceptionRow:
    """One red or yellow task: what, whose, how late, why, who is waited for, what comes next.

    obstacle: what its newest report says is in the way. next_at: when time alone changes it.
    """

    code: str
    title: str
    url: str
    light: str
    word: str
    unit: str
    owner: str
    due: TimeWords | None
    reasons: tuple[str, ...]
    waits_for: str
    next_step: str
    obstacle: str = ""
    beside: Judged | None = None
    next_at: datetime | None = None
    task_id: int = 0


def exception_row(line: TaskLine) -> ExceptionRow:
    task, pressure = line.task, pressure_of(line.task)
    return ExceptionRow(
        code=task.code,
        title=task.title,
        url=task_url(task),
        light=line.light,
        word=light_word(line.light),
        unit=task.unit.name,
        owner=str(task.owner or ""),
        due=clock_words(line.reasons, line.deadline, line.at),
        reasons=tuple(line.why),
        waits_for=line.waits_for,
        next_step=next_step(line.reasons, asked_day=pressure.asked_day),
        obstacle=pressure.obstacle,
        beside=line.beside,
        next_at=line.next_change_at,
        task_id=task.pk,
    )
