"""The story of a task: all that happened, all that was said, all that was changed, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from campaign import reasons as words
from campaign.models import DeadlineRequest, Task, TaskLink
from campaign.selectors.changes import changes_of
from campaign.selectors.history import Happening, happenings
from security.models import User

OPENED = 15  # events in sight; the rest is folded away
# What the tabs of the story show.
CHAPTERS = {
    "work": frozenset({"report", "submission", "acceptance", "light"}),
    "decisions": frozenset({"deadline", "request", "judgement", "handover", "link"}),
    "words": frozenset({"comment", "file"}),
    "changes": frozenset({"change"}),
}
# A change of the row that the story tells better by its own fact.
TOLD_BETTER = frozenset({"deadline", "handover"})


@dataclass(frozen=True)
class Day:
    """What happened on one day, the newest first."""

    day: date
    events: list[Happening]


@dataclass(frozen=True)
class Story:
    chapter: str
    days: list[Day]
    earlier: list[Day]
    total: int


def story_of(user: User, task: Task, *, chapter: str = "") -> Story:
    """The story as one reader may know it; ``chapter``: one of CHAPTERS, or all."""
    chapter = chapter if chapter in CHAPTERS else ""
    found = [*happenings(task), *_around(user, task)]
    told = {one.at for one in found if one.kind in TOLD_BETTER}
    found += _changes(user, task, but=told)
    if chapter:
        found = [one for one in found if one.kind in CHAPTERS[chapter]]
    found.sort(key=lambda one: one.at, reverse=True)
    return Story(chapter, _days(found[:OPENED]), _days(found[OPENED:]), len(found))


def _days(events: list[Happening]) -> list[Day]:
    by_day = groupby(events, key=lambda one: timezone.localdate(one.at))
    return [Day(day, list(some)) for day, some in by_day]


def _changes(user: User, task: Task, *, but: set[datetime]) -> Iterator[Happening]:
    for change in changes_of(user, task):
        if change.at not in but:
            note = " · ".join(part for part in (change.reason, change.basis) if part)
            yield Happening(change.at, "change", change.who, note, details=tuple(change.sentences))


def _around(user: User, task: Task) -> Iterator[Happening]:
    yield from _comments(task)
    yield from _files(task)
    yield from _requests(task)
    yield from _hand_overs(task)
    yield from _links(user, task)


def _comments(task: Task) -> Iterator[Happening]:
    for row in task.comments.select_related("by"):
        gone = row.withdrawn_at is not None
        said = _("%(who)s wrote a comment and withdrew it") if gone else _("%(who)s wrote")
        note = "" if gone else row.text
        yield Happening(row.at, "comment", said % {"who": row.by}, note)


def _files(task: Task) -> Iterator[Happening]:
    rows = task.attachments.select_related("by", "removed_by")
    for row in rows:
        said = _("%(who)s attached “%(file)s”") % {"who": row.by, "file": row.name}
        yield Happening(row.at, "file", said)
        if row.removed_at is not None:
            gone = _("%(who)s removed “%(file)s”") % {"who": row.removed_by, "file": row.name}
            yield Happening(row.removed_at, "file", gone)


def _requests(task: Task) -> Iterator[Happening]:
    decided = {
        DeadlineRequest.Decision.APPROVED: _("%(who)s approved the deadline %(new)s"),
        DeadlineRequest.Decision.REFUSED: _("%(who)s refused the deadline %(new)s"),
        DeadlineRequest.Decision.WITHDRAWN: _("%(who)s withdrew the request for %(new)s"),
    }
    for row in task.deadline_requests.select_related("by", "decided_by"):
        asked = _("%(who)s asked to move the deadline from %(old)s to %(new)s") % {
            "who": row.by,
            "old": words.day(row.old),
            "new": words.day(row.new),
        }
        yield Happening(row.at, "request", asked, row.reason)
        if row.decided_at is not None:
            said = decided[DeadlineRequest.Decision(row.decision)]
            told = said % {"who": row.decided_by, "new": words.day(row.new)}
            yield Happening(row.decided_at, "request", told, row.decision_reason)


def _hand_overs(task: Task) -> Iterator[Happening]:
    # Read apart: five joins of large tables for a row or two are what a planner without figures
    # of a new table gets wrong by minutes.
    read_apart = ("by", "from_owner", "to_owner", "from_unit", "to_unit")
    for row in task.hand_overs.prefetch_related(*read_apart):
        told: list[str] = []
        if row.from_owner_id != row.to_owner_id:
            told.append(
                _("owner: %(old)s → %(new)s") % {"old": row.from_owner, "new": row.to_owner}
            )
        if row.from_unit_id != row.to_unit_id:
            told.append(
                _("lead unit: %(old)s → %(new)s")
                % {"old": row.from_unit.name, "new": row.to_unit.name}
            )
        said = _("%(who)s handed the task over") % {"who": row.by}
        yield Happening(row.at, "handover", said, row.reason, details=tuple(told))


def _links(user: User, task: Task) -> Iterator[Happening]:
    """Links that stand; one that was taken back is in the trail alone."""
    rows: Iterable[Any] = TaskLink.objects.filter(Q(task=task) | Q(other=task)).select_related(
        "by", "task", "other"
    )
    rows = list(rows)
    ids = {one.task_id for one in rows} | {one.other_id for one in rows}
    seen = set(Task.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    said = {
        TaskLink.Kind.DEPENDS_ON: _("%(who)s noted that %(task)s waits for %(other)s"),
        TaskLink.Kind.TECHNICAL_PART: _("%(who)s made %(other)s the technical part of %(task)s"),
        TaskLink.Kind.SPLIT_FROM: _("%(who)s took %(task)s out of %(other)s"),
        TaskLink.Kind.CARRIED_FROM: _("%(who)s carried %(other)s over to %(task)s"),
    }
    for row in rows:
        if {row.task_id, row.other_id} <= seen:
            who = row.by or _("The system")
            told = said[row.kind] % {"who": who, "task": row.task.code, "other": row.other.code}
            yield Happening(row.at, "link", told)
