"""Small reads over what campaign keeps, for the homes; each bounded in queries and rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from campaign import reasons
from campaign.models import (
    Acceptance,
    Campaign,
    Light,
    LightTransition,
    Product,
    ProgressReport,
    Submission,
    Task,
    TaskUserGrant,
)
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskFilter
from security.models import User
from security.scope import may, visible_q

# More than these nobody reads on a home; the lists behind the links have all.
CHANGES_SHOWN = 8
WAITS_SHOWN = 10
WAITS_LOOKED_AT = 200
WORK_SHOWN = 30
RUNNING = (Light.RED, Light.YELLOW, Light.GREEN, Light.GREY)
RECENT = timedelta(days=4)


@dataclass(frozen=True)
class Change:
    """Something that happened to a task. ``kind``: light, report or grade; ``to`` the new light or
    grade, ``percent`` of a report; ``words`` reasons or note."""

    at: datetime
    kind: str
    task: Task
    to: str
    percent: int
    words: str
    who: str


def recent_changes(user: User, now: datetime) -> list[Change]:
    """What changed on tasks he owns or his unit leads, newest first. Three queries."""
    found = [
        *_light_changes(_own(user, "task__"), now),
        *_reports(_own(user, "task__"), now),
        *_grades(_own(user, "submission__product__task__"), now),
    ]
    return sorted(found, key=lambda change: change.at, reverse=True)[:CHANGES_SHOWN]


def _own(user: User, task: str) -> Q:
    mine = Q(**{f"{task}owner": user}) | Q(**{f"{task}unit": user.unit_id})
    return mine & visible_q(user, Task, task)


def _light_changes(seen: Q, now: datetime) -> list[Change]:
    rows = (
        LightTransition.objects.filter(seen, effective_at__lte=now, effective_at__gt=now - RECENT)
        .exclude(from_light="")
        .exclude(to_light="")
        .select_related("task")
        .order_by("-effective_at", "-pk")[:CHANGES_SHOWN]
    )
    return [
        Change(
            at=row.effective_at,
            kind="light",
            task=row.task,
            to=row.to_light,
            percent=0,
            words="; ".join(reasons.text(reasons.from_json(one)) for one in row.reasons[:1]),
            who="",
        )
        for row in rows
    ]


def _reports(seen: Q, now: datetime) -> list[Change]:
    rows = (
        ProgressReport.objects.filter(seen, at__lte=now, at__gt=now - RECENT)
        .select_related("task", "by")
        .order_by("-at", "-pk")[:CHANGES_SHOWN]
    )
    return [
        Change(row.at, "report", row.task, "", row.percent, row.note, row.by.full_name)
        for row in rows
    ]


def _grades(seen: Q, now: datetime) -> list[Change]:
    rows = (
        Acceptance.objects.filter(seen, at__lte=now, at__gt=now - RECENT)
        .select_related("submission__product__task", "by")
        .order_by("-at", "-pk")[:CHANGES_SHOWN]
    )
    return [
        Change(
            row.at, "grade", row.submission.product.task, row.grade, 0, row.note, row.by.full_name
        )
        for row in rows
    ]


def _running(task: str) -> Q:
    """Of tasks at which anybody may still hand in and grade."""
    return Q(**{f"{task}state": Task.State.ACTIVE, f"{task}campaign__closed_at": None})


def remedies_of(user: User) -> list[Acceptance]:
    """Remedies this person must see to: his B and C that no later round answers. One query."""
    later = Submission.objects.filter(
        product=OuterRef("submission__product"), round__gt=OuterRef("submission__round")
    )
    return list(
        Acceptance.objects.filter(visible_q(user, Task, "submission__product__task__"))
        .filter(_running("submission__product__task__"))
        .filter(remediate_by=user, grade__in=["B", "C"])
        .exclude(Exists(later))
        .select_related("submission__product__task")
        .order_by("remediate_until")[:WAITS_SHOWN]
    )


def hand_ins_to_grade(user: User, now: datetime) -> list[Submission]:
    """Products that wait for a grade this person may give, oldest first. Three queries at most.

    The same answer as ``may_accept`` for each of them (a test compares), without its queries.
    """
    if not may(user, "campaign.accept"):
        return []
    waiting = list(
        Submission.objects.filter(acceptance=None, at__lte=now)
        .filter(visible_q(user, Task, "product__task__"), _running("product__task__"))
        .exclude(unit=user.unit_id)
        .exclude(product__task__unit=user.unit_id)
        .select_related("product__task", "by", "unit")
        .order_by("at")[:WAITS_LOOKED_AT]
    )
    outside = [one for one in waiting if not may(user, "campaign.accept", one.product.task)]
    opened = _opened_to(user, outside, now)
    signed = _signed_by(user.unit_id, outside)
    mine = [
        one
        for one in waiting
        if one not in outside or one.product.task_id in opened or one.product_id in signed
    ]
    return mine[:WAITS_SHOWN]


def _opened_to(user: User, hand_ins: list[Submission], now: datetime) -> set[int]:
    """Tasks opened to him as the deputy head of their block."""
    tasks = [one.product.task_id for one in hand_ins]
    grants = TaskUserGrant.objects.filter(content_object__in=tasks, user=user).in_force(now)
    return set(grants.values_list("content_object_id", flat=True)) if tasks else set()


def _signed_by(unit_id: int, hand_ins: list[Submission]) -> set[int]:
    """Products that this unit signs, by itself or as a member of a collective."""
    products = Product.objects.filter(pk__in=[one.product_id for one in hand_ins])
    signing = products.filter(Q(signing_units=unit_id) | Q(signing_units__members=unit_id))
    return set(signing.values_list("pk", flat=True)) if hand_ins else set()


@dataclass(frozen=True)
class Work:
    """The most pressing running tasks of a list; ``total`` and ``query`` are those of the list."""

    rows: list[Task]
    total: int
    query: str


def work_of(user: User, campaign: Campaign, *, named: str = "") -> Work:
    """What this person owns; red first. Two queries."""
    own = TaskFilter(light=RUNNING, owner="me", campaign=named)
    tasks = own.apply(user, campaign)
    return Work(_most_pressing(tasks), tasks.count(), own.query)


def work_of_unit(user: User, campaign: Campaign, *, named: str = "") -> Work:
    """What his unit leads and he does not own; counted with his own, as the list behind it."""
    units = TaskFilter(light=RUNNING, unit=user.unit.code, campaign=named)
    ours = units.apply(user, campaign)
    return Work(_most_pressing(ours.exclude(owner=user)), ours.count(), units.query)


def _most_pressing(tasks: TaskQuerySet) -> list[Task]:
    return list(tasks.select_related("owner").by_severity()[:WORK_SHOWN])
