"""What became known and whom it concerns: campaign's facts in, events with their people out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from campaign.models import (
    Acceptance,
    Comment,
    DeadlineRequest,
    HandOver,
    Light,
    LightTransition,
    Task,
)
from dashboard.models import NoticeKind, ToldEvent
from security.models import RoleGrant

# Facts are looked for this far back: a clock that stood still for a week is caught up.
LOOK_BACK = timedelta(days=10)
UNIT_HEAD, HEAD = "unit_head", "head"
# Progress behind its plan begins a duty, as red does; a deadline that is merely near does not.
LAGS = "behind"
PRESSING = frozenset({Light.YELLOW, Light.RED})
# What is read of a turn: a task's long texts concern nobody here.
TURN = (
    *("from_light", "to_light", "reasons", "effective_at", "task__block__deputy"),
    *("task__unit", "task__unit_path", "task__level", "task__sensitivity", "task__owner"),
)


@dataclass(frozen=True)
class Event:
    """One fact and the people to be told. ``said`` holds codes and numbers, never names.

    ``due_at``: when it came to be; it was found later if a clock had stood still.
    """

    key: str
    kind: str
    task: Task
    due_at: datetime
    people: frozenset[int]
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class Far:
    """How far one run has come: of each sort the last fact that it looked at.

    Without it every batch would pass by all that the batches before it have told.
    """

    at_most: int
    last: dict[str, int] = field(default_factory=dict)
    # Sorts that had no more to tell.
    ended: set[str] = field(default_factory=set)


def new_events(*, now: datetime, far: Far) -> list[Event]:
    """The next facts that nobody was told of yet, oldest first; ``far.at_most`` of each sort."""
    since = now - LOOK_BACK
    found = [
        *_turns(since, now, far),
        *_beginnings(since, now, far),
        *_mentions(since, far),
        *_hand_overs(since, now, far),
        *_grades(since, far),
        *_requests(since, now, far),
        *_decisions(since, far),
    ]
    return sorted(found, key=lambda event: event.due_at)


def _untold(rows: QuerySet[Any], prefix: str, far: Far) -> list[Any]:
    """Rows whose event ``prefix:pk`` is not in the list of told ones."""
    if prefix in far.ended:
        return []
    key = Concat(Value(f"{prefix}:"), Cast(OuterRef("pk"), CharField()))
    fresh = rows.filter(pk__gt=far.last.get(prefix, 0))
    told = ToldEvent.objects.filter(key=key)
    found = list(fresh.exclude(Exists(told)).order_by("pk")[: far.at_most])
    if found:
        far.last[prefix] = found[-1].pk
    if len(found) < far.at_most:
        far.ended.add(prefix)
    return found


def _turns(since: datetime, now: datetime, far: Far) -> Iterator[Event]:
    """A light that turned concerns the owner, the block's deputy and the heads of the lead unit."""
    rows = LightTransition.objects.filter(detected_at__gte=since).select_related("task__block")
    # A second clock takes other ones rather than wait for these.
    rows = rows.only(*TURN).select_for_update(skip_locked=True, of=("self",), no_key=True)
    # Its first light is no turn, and leaving the board is told by whoever cancelled it.
    turned = _untold(rows.exclude(from_light="").exclude(to_light=""), "transition", far)
    heads = heads_of({row.task.unit_id for row in turned}, now)
    for row in turned:
        yield _turn(row, heads)


def _turn(row: LightTransition, heads: dict[int, set[int]]) -> Event:
    return Event(
        key=f"transition:{row.pk}",
        kind=_kind_of_turn(row),
        task=row.task,
        due_at=row.effective_at,
        people=_concerned(row.task, heads),
        said={"from": row.from_light, "to": row.to_light, "reasons": row.reasons[:3]},
    )


def _beginnings(since: datetime, now: datetime, far: Far) -> Iterator[Event]:
    """A task that a person put on the board concerns its owner, unless he is that person; a first
    light that presses at once concerns whomever a turn to it would.

    What the installation puts there, a whole plan at a time, is told to nobody (docs/adr/0027).
    """
    version = Task.history.filter(id=OuterRef("task_id"), state=Task.State.ACTIVE)
    first = version.order_by("history_id")
    rows = LightTransition.objects.filter(from_light="", detected_at__gte=since).annotate(
        by=Subquery(first.values("history_user_id")[:1]),
        owner=Subquery(first.values("owner_id")[:1]),
    )
    begun = rows.exclude(by=None).select_related("task__block").only(*TURN)
    found = _untold(begun, "given", far)
    heads = heads_of({row.task.unit_id for row in found}, now)
    for row in found:
        # Whoever owns it by now and did not then was told by its hand-over.
        people = _somebody(row.owner) & _somebody(row.task.owner_id) - {row.by}
        yield Event(f"given:{row.pk}", NoticeKind.GIVEN, row.task, row.effective_at, people)
        if row.to_light in PRESSING:
            yield _turn(row, heads)


def _kind_of_turn(row: LightTransition) -> str:
    if row.to_light == Light.RED:
        return NoticeKind.TURNED_RED
    if row.to_light == Light.YELLOW and row.from_light != Light.RED:
        lags = any(reason.get("code") == LAGS for reason in row.reasons)
        return NoticeKind.LAGGING if lags else NoticeKind.TURNED_YELLOW
    return NoticeKind.TURNED_BETTER


def _concerned(task: Task, heads: dict[int, set[int]]) -> frozenset[int]:
    return _somebody(task.owner_id, _deputy(task), *heads.get(task.unit_id, ()))


def _mentions(since: datetime, far: Far) -> Iterator[Event]:
    rows = Comment.objects.filter(at__gte=since, withdrawn_at=None).exclude(mentions=None)
    joined = rows.select_related("task").prefetch_related("mentions").distinct()
    for row in _untold(joined, "comment", far):
        people = frozenset(person.pk for person in row.mentions.all())
        yield Event(f"comment:{row.pk}", NoticeKind.MENTIONED, row.task, row.at, people)


def _hand_overs(since: datetime, now: datetime, far: Far) -> Iterator[Event]:
    """A task handed over concerns its new owner and, where the lead moved, that unit's heads."""
    rows = HandOver.objects.filter(at__gte=since).select_related("task")
    found = _untold(rows, "handover", far)
    heads = heads_of({row.to_unit_id for row in found if row.to_unit_id != row.from_unit_id}, now)
    for row in found:
        people = _somebody(row.to_owner_id, *heads.get(row.to_unit_id, ())) - {row.by_id}
        yield Event(f"handover:{row.pk}", NoticeKind.GIVEN, row.task, row.at, people)


def _grades(since: datetime, far: Far) -> Iterator[Event]:
    """A grade concerns whoever handed in, the owner, and the person for the remedies."""
    rows = Acceptance.objects.filter(at__gte=since).select_related("submission__product__task")
    for row in _untold(rows, "grade", far):
        task = row.submission.product.task
        people = _somebody(row.submission.by_id, task.owner_id, row.remediate_by_id)
        said = {"grade": row.grade, "product": row.submission.product.checklist_code}
        yield Event(f"grade:{row.pk}", NoticeKind.DECIDED, task, row.at, people, said)


def _requests(since: datetime, now: datetime, far: Far) -> Iterator[Event]:
    """Another deadline asked for concerns the deputy head of the block; where there is none, or it
    is his own wish, the heads of the campaign's unit. Nobody waits for a post that is empty."""
    rows = DeadlineRequest.objects.filter(at__gte=since).select_related(
        "task__block", "task__campaign"
    )
    found = _untold(rows, "asked", far)
    heads = heads_of({row.task.campaign.unit_id for row in found}, now, role=HEAD)
    for row in found:
        people = _somebody(_deputy(row.task)) - {row.by_id}
        people = people or frozenset(heads.get(row.task.campaign.unit_id, ())) - {row.by_id}
        yield Event(f"asked:{row.pk}", NoticeKind.TO_DECIDE, row.task, row.at, people)


def _decisions(since: datetime, far: Far) -> Iterator[Event]:
    rows = DeadlineRequest.objects.filter(
        decided_at__gte=since, decision__in=["approved", "refused"]
    )
    for row in _untold(rows.select_related("task"), "decided", far):
        said = {"decision": row.decision}
        people = _somebody(row.by_id)
        yield Event(f"decided:{row.pk}", NoticeKind.DECIDED, row.task, row.decided_at, people, said)


def heads_of(units: Iterable[int], now: datetime, *, role: str = UNIT_HEAD) -> dict[int, set[int]]:
    """The heads of these units, by unit: whoever holds the role on the unit itself now."""
    found: dict[int, set[int]] = {}
    grants = RoleGrant.objects.in_force(now).filter(role__code=role, unit__in=set(units))
    for unit, user in grants.values_list("unit_id", "user_id"):
        found.setdefault(unit, set()).add(user)
    return found


def _deputy(task: Task) -> int | None:
    return task.block.deputy_id if task.block is not None else None


def _somebody(*ids: int | None) -> frozenset[int]:
    return frozenset(pk for pk in ids if pk is not None)
