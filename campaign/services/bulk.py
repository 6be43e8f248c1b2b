"""One change for many tasks: tried on each by the service that makes it for one, told, then made.

The preview is the change itself, taken back: what a service would refuse there, it refuses here,
and the light that the board would show afterwards is the one that comes out. The change is made for
all tasks that were previewed, or for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaign.models import Block, Task, TaskGroup
from campaign.rules import last_day
from campaign.services.access import refuse
from campaign.services.agreeing import cancel_task, edit_task, set_partners
from campaign.services.deadlines import request_deadline
from campaign.services.handing_over import hand_over
from campaign.services.tasks import activate_task, revise_deadline
from security.models import Unit, User
from security.services import Problem, RefusedError

TASKS_AT_MOST = 200


class ChangeKind(models.TextChoices):
    OWNER = "owner", gettext_lazy("Give to another owner")
    BLOCK = "block", gettext_lazy("Put into a block")
    GROUP = "group", gettext_lazy("Put into a group")
    PARTNER = "partner", gettext_lazy("Add a coordinating unit")
    PARTNER_OFF = "partner_off", gettext_lazy("Take a coordinating unit out")
    DEADLINE = "deadline", gettext_lazy("Move the deadline")
    ASK = "ask", gettext_lazy("Ask for another deadline")
    ACTIVATE = "activate", gettext_lazy("Put drafts on the board")
    CANCEL = "cancel", gettext_lazy("Cancel drafts")


@dataclass(frozen=True)
class Change:
    """What is wanted of every task; each kind uses its own part and some a reason."""

    kind: str
    reason: str = ""
    owner: User | None = None
    block: Block | None = None
    group: TaskGroup | None = None
    unit: Unit | None = None
    deadline: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What the change does to one task. problems: why it is refused; then nothing changes.

    mark: of the row as it was read; making the change later asks whether it still is so.
    """

    task: Task
    mark: str
    before: str
    after: str
    light: str = ""
    light_after: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        return bool(self.problems)

    @property
    def lit(self) -> bool:
        """Whether the light becomes another one."""
        return not self.refused and self.light != self.light_after


class BulkRefusedError(RefusedError):
    """Nothing was changed; ``outcomes`` tell for each task why, or what would have been."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes
        super().__init__(*{p.code: p for one in outcomes for p in one.problems}.values())


def mark_of(task: Task) -> str:
    """Everything that a change of many may rest on, so that one made in between is seen."""
    deadline = int(task.deadline.timestamp()) if task.deadline else 0
    return f"{task.version}-{task.state[0]}{task.owner_id or 0}-{deadline}"


def preview_changes(
    *, actor: User, tasks: Iterable[int], change: Change, now: datetime
) -> list[Outcome]:
    """What ``change`` would do to each of these tasks; nothing stays.

    Raises RefusedError: too_many.
    """
    with transaction.atomic():
        outcomes = [_try(row, change, actor=actor, now=now) for row in _locked(tasks)]
        transaction.set_rollback(True)
    return outcomes


def apply_changes(
    *, actor: User, marks: Mapping[int, str], change: Change, now: datetime
) -> list[Outcome]:
    """Make the change for all of these tasks in one transaction, or for none.

    marks: of each task as the preview showed it. Raises BulkRefusedError when a task was changed
    since, is gone, or a service refuses it; RefusedError: too_many.
    """
    with transaction.atomic():
        rows = _locked(marks)
        outcomes = [_made(row, marks[row.pk], change, actor=actor, now=now) for row in rows]
        if len(rows) < len(marks) or any(one.refused for one in outcomes):
            raise BulkRefusedError(outcomes)
    return outcomes


def _locked(tasks: Iterable[int]) -> list[Task]:
    """In one order for everybody, so that two people changing many never wait for each other."""
    wanted = set(tasks)
    if len(wanted) > TASKS_AT_MOST:
        raise refuse(
            "too_many",
            _("At most %(most)s tasks are changed at once.") % {"most": TASKS_AT_MOST},
        )
    rows = Task.objects.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk")
    return list(rows.select_related("unit", "owner", "block", "group", "campaign"))


def _made(task: Task, mark: str, change: Change, *, actor: User, now: datetime) -> Outcome:
    if mark_of(task) == mark:
        return _try(task, change, actor=actor, now=now)
    words = SHOWN[change.kind](task)
    told = Problem(
        "changed_meanwhile", _("Changed by somebody else since the preview; look at it again.")
    )
    return Outcome(task, mark_of(task), words, words, task.light, task.light, (told,))


def _try(task: Task, change: Change, *, actor: User, now: datetime) -> Outcome:
    shown, mark, light = SHOWN[change.kind], mark_of(task), task.light
    before = shown(task)
    try:
        with transaction.atomic():
            DEEDS[change.kind](actor, task, change, now)
            after = Task.objects.select_related("owner", "block", "group").get(pk=task.pk)
            words = shown(after)
            if words == before:
                raise refuse("same", _("It is so already."))
    except RefusedError as refused:
        return Outcome(task, mark, before, before, light, light, refused.problems)
    return Outcome(task, mark, before, words, light, after.light)


# --- what each kind does, by the service that does it for one task ---------------------------


def _owner(actor: User, task: Task, change: Change, now: datetime) -> None:
    assert change.owner is not None  # noqa: S101 - the form asks for it
    if task.state == Task.State.DRAFT:
        _edit(actor, task, now, owner=change.owner)
        return
    hand_over(actor=actor, task=task, owner=change.owner, reason=change.reason, now=now)


def _block(actor: User, task: Task, change: Change, now: datetime) -> None:
    _edit(actor, task, now, block=change.block)


def _group(actor: User, task: Task, change: Change, now: datetime) -> None:
    _edit(actor, task, now, group=change.group)


def _edit(actor: User, task: Task, now: datetime, **parts: Any) -> None:
    edit_task(actor=actor, task=task, version=task.version, now=now, **parts)


def _partner(actor: User, task: Task, change: Change, now: datetime) -> None:
    there = _partners(task)
    if change.unit not in {unit for unit, _part in there}:
        assert change.unit is not None  # noqa: S101 - the form asks for it
        there.append((change.unit, ""))
    set_partners(actor=actor, task=task, partners=there, now=now)


def _partner_off(actor: User, task: Task, change: Change, now: datetime) -> None:
    left = [(unit, part) for unit, part in _partners(task) if unit != change.unit]
    set_partners(actor=actor, task=task, partners=left, now=now)


def _partners(task: Task) -> list[tuple[Unit, str]]:
    return [(one.unit, one.part) for one in task.task_units.select_related("unit")]


def _deadline(actor: User, task: Task, change: Change, now: datetime) -> None:
    assert change.deadline is not None  # noqa: S101 - the form asks for it
    if task.state == Task.State.DRAFT:
        _edit(actor, task, now, deadline=change.deadline)
        return
    if change.deadline <= now:
        raise refuse("deadline_past", _("The deadline lies in the past."))
    revise_deadline(actor=actor, task=task, deadline=change.deadline, reason=change.reason, now=now)


def _ask(actor: User, task: Task, change: Change, now: datetime) -> None:
    assert change.deadline is not None  # noqa: S101 - the form asks for it
    request_deadline(
        actor=actor, task=task, deadline=change.deadline, reason=change.reason, now=now
    )


def _activate(actor: User, task: Task, change: Change, now: datetime) -> None:
    activate_task(actor=actor, task=task, now=now)


def _cancel(actor: User, task: Task, change: Change, now: datetime) -> None:
    if task.state != Task.State.DRAFT:
        raise refuse("not_a_draft", _("Running tasks are cancelled one by one, on their page."))
    cancel_task(actor=actor, task=task, reason=change.reason, now=now)


Deed = Callable[[User, Task, Change, datetime], None]
DEEDS: dict[str, Deed] = {
    ChangeKind.OWNER: _owner,
    ChangeKind.BLOCK: _block,
    ChangeKind.GROUP: _group,
    ChangeKind.PARTNER: _partner,
    ChangeKind.PARTNER_OFF: _partner_off,
    ChangeKind.DEADLINE: _deadline,
    ChangeKind.ASK: _ask,
    ChangeKind.ACTIVATE: _activate,
    ChangeKind.CANCEL: _cancel,
}


# --- what the preview shows of a task --------------------------------------------------------


def _day(deadline: datetime | None) -> str:
    return f"{last_day(deadline):%d/%m/%Y}" if deadline else "–"


def _asked(task: Task) -> str:
    waiting = task.deadline_requests.filter(decision="waiting").order_by("pk").last()
    if waiting is None:
        return _day(task.deadline)
    return _("%(now)s, asked for: %(new)s") % {
        "now": _day(task.deadline),
        "new": _day(waiting.new),
    }


def _units(task: Task) -> str:
    return ", ".join(unit.name for unit, _part in _partners(task)) or "–"


def _state(task: Task) -> str:
    return str(Task.State(task.state).label)


SHOWN: dict[str, Callable[[Task], str]] = {
    ChangeKind.OWNER: lambda task: str(task.owner or "–"),
    ChangeKind.BLOCK: lambda task: task.block.name if task.block else "–",
    ChangeKind.GROUP: lambda task: task.group.name if task.group else "–",
    ChangeKind.PARTNER: _units,
    ChangeKind.PARTNER_OFF: _units,
    ChangeKind.DEADLINE: lambda task: _day(task.deadline),
    ChangeKind.ASK: _asked,
    ChangeKind.ACTIVATE: _state,
    ChangeKind.CANCEL: _state,
}
