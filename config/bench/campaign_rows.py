"""Ten thousand tasks and more for benchmarks: the real plan in its week 4 and copies of its tasks.

The copies lie with as many units as are asked for, each with a head and a member of staff.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import connection
from django.utils import timezone

from campaign.models import (
    Block,
    DeadlineRevision,
    HandOver,
    Judgement,
    Light,
    LightTransition,
    Product,
    ProgressReport,
    Task,
    TaskUserGrant,
)
from campaign.rules import end_of, start_of
from campaign.services import load_plan
from campaign.services.granting import sync_grants
from security.database_roles import as_owner
from security.models import Role, RoleGrant, Unit, User
from security.services import grant_role, load_roles

PLAN = Path(settings.BASE_DIR) / "campaign" / "data" / "plan_45.yaml"
WEEK = timedelta(days=7)
AT_ONCE = 2000
# A campaign as one sees it in week 4.
LIGHTS = (
    *(Light.RED,) * 2,
    *(Light.YELLOW,) * 3,
    *(Light.GREEN,) * 7,
    *(Light.GREY,) * 6,
    *(Light.DONE,) * 6,
)
Shine = Callable[[Task, int, datetime], None]


def populate(tasks: int, units: int, now: datetime, shine: Shine) -> User:
    """The plan, ``tasks`` tasks in all and ``units`` units in all; returns the head.

    ``shine`` gives each copy its light and dates; everything else that happened follows from them.
    """
    load_roles()
    # The readers here have a session each and no device for a second factor.
    Role.objects.update(mfa_required=False)
    begin = _plan(now)
    places = _places(units, begin)
    fresh = _copies(tasks, places, now, shine)
    _pasts(fresh, now)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return User.objects.get(username="truongban")


def shine_as_in_week_4(task: Task, number: int, now: datetime) -> None:
    """Facts that fit the light; nothing waits for a sweep."""
    light = LIGHTS[number % len(LIGHTS)]
    done = light == Light.DONE
    task.state = Task.State.DONE if done else Task.State.ACTIVE
    task.light, task.done_at = light, now - WEEK if done else None
    days = -4 if light == Light.RED else 2 if light == Light.YELLOW else 20
    task.deadline = end_of(timezone.localdate(now) + timedelta(days=days), before=False)
    task.next_change_at = None if done or light == Light.RED else now + timedelta(days=1)
    task.late_days = number % 3 if done else 0


def _plan(now: datetime) -> datetime:
    """Load the plan so that today lies in its week 4; the instant at which it began."""
    today = timezone.localdate(now)
    start = today - timedelta(days=(today.weekday() - 4) % 7) - 3 * WEEK
    begin = start_of(start)
    load_plan(PLAN, actor=None, now=begin, start=start)
    units = {unit.code: unit for unit in Unit.objects.all()}
    for person in yaml.safe_load(PLAN.read_text("utf-8"))["people"]:
        user = User.objects.create(
            username=person["username"],
            full_name=person["full_name"],
            post=person.get("post", ""),
            unit=units[person["unit"]],
        )
        for role in person["roles"]:
            grant_role(
                actor=None, user=user, role=role["role"], unit=units[role["unit"]], now=begin
            )
    load_plan(PLAN, actor=None, now=begin, start=start)
    return begin


def _places(units: int, begin: datetime) -> list[User]:
    """Units up to that number, each with a head and one person; the latter own the copies."""
    root = Unit.objects.get(code="BAN")
    there = Unit.objects.count()
    made = [
        Unit(code=f"X{n}", name=f"Đơn vị {n}", kind=Unit.Kind.OFFICE, parent=root)
        for n in range(max(units - there, 1))
    ]
    for number, unit in enumerate(made):
        unit.pk = 1_000_000 + number  # its path holds its id
        unit.path = f"{root.path}{unit.pk}/"
    Unit.objects.bulk_create(made)
    people = {
        role: User.objects.bulk_create(
            User(username=f"{role}-{unit.code}", full_name=f"Người {unit.code}", unit=unit)
            for unit in made
        )
        for role in ("unit_head", "unit_staff")
    }
    RoleGrant.objects.bulk_create(
        RoleGrant(user=user, role=Role.objects.get(pk=role), unit=user.unit, valid_from=begin)
        for role, users in people.items()
        for user in users
    )
    return people["unit_staff"]


def _copies(tasks: int, owners: list[User], now: datetime, shine: Shine) -> list[Task]:
    """Drafts first: the database wants a product before a task may run."""
    models = list(Task.objects.order_by("pk"))
    model, owner = cycle(models), cycle(owners)
    fields = [f.attname for f in Task._meta.concrete_fields if not f.primary_key]
    fresh = []
    for number in range(max(0, tasks - len(models))):
        like, person = next(model), next(owner)
        copy = Task(**{name: getattr(like, name) for name in fields})
        copy.code, copy.light = f"X{number}", ""
        copy.state, copy.done_at = Task.State.DRAFT, None
        copy.owner, copy.unit, copy.unit_path = person, person.unit, person.unit.path
        fresh.append(copy)
    Task.objects.bulk_create(fresh, batch_size=AT_ONCE)
    Product.objects.bulk_create(
        (Product(task=task, position=1, title="Sản phẩm") for task in fresh), batch_size=AT_ONCE
    )
    for number, task in enumerate(fresh):
        shine(task, number, now)
        task.presses_at = task.deadline
    _light_up(fresh)
    _open_to_deputies(fresh, now)
    return fresh


def _light_up(tasks: list[Task]) -> None:
    columns = {
        "state": "text", "light": "text", "done_at": "timestamptz", "start": "date",
        "deadline": "timestamptz", "next_change_at": "timestamptz", "late_days": "smallint",
        "presses_at": "timestamptz",
    }  # fmt: skip
    set_to = ", ".join(f"{name} = v.{name}" for name in columns)
    lists = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE campaign_task t SET {set_to} "  # noqa: S608 - names written above
            f"FROM unnest(%s::bigint[], {lists}) AS v(id, {', '.join(columns)}) WHERE t.id = v.id",
            [[t.pk for t in tasks], *([getattr(t, name) for t in tasks] for name in columns)],
        )


def _open_to_deputies(tasks: list[Task], now: datetime) -> None:
    """As ``sync_grants`` opens them, a thousand times faster: all like the plan's own."""
    sync_grants(tasks[:1], actor=None, now=now)
    pattern = TaskUserGrant.objects.filter(content_object=tasks[0]).first() if tasks else None
    if pattern is None:
        return
    deputies = dict(Block.objects.values_list("pk", "deputy_id"))
    fields = {f.attname: getattr(pattern, f.attname) for f in TaskUserGrant._meta.concrete_fields}
    fields = {key: value for key, value in fields.items() if key not in {"id", "user_id"}}
    TaskUserGrant.objects.bulk_create(
        (
            TaskUserGrant(**{**fields, "content_object_id": task.pk}, user_id=deputy)
            for task in tasks[1:]
            if (deputy := deputies.get(task.block_id or 0)) is not None
        ),
        batch_size=AT_ONCE,
    )


def _pasts(tasks: list[Task], now: datetime) -> None:
    """Each task lit four weeks ago, a quarter of them changed within the last; reports, deadlines
    that were moved, tasks handed over, judgements of leaders."""
    LightTransition.objects.bulk_create(
        (one for task in tasks for one in _transitions(task, now)), batch_size=AT_ONCE
    )
    _reports(tasks, now)
    others = [task.owner for task in tasks[:200]]
    DeadlineRevision.objects.bulk_create(
        DeadlineRevision(
            task=task, old=task.deadline - WEEK, new=task.deadline, reason="Theo tờ trình",
            approved_by=task.owner, at=now - timedelta(days=task.pk % 14),
        )
        for task in tasks[::20] if task.deadline
    )  # fmt: skip
    HandOver.objects.bulk_create(
        HandOver(
            task=task, from_owner=before, to_owner=task.owner, from_unit=before.unit,
            to_unit=task.unit, reason="Chuyển", by=task.owner, at=now - timedelta(days=task.pk % 14),
        )
        for task, before in zip(tasks[::50], cycle(others), strict=False)
        if before is not None and before != task.owner
    )  # fmt: skip
    Judgement.objects.bulk_create(
        Judgement(
            task=task, light="red", reason="Thấy khác", by=task.owner,
            at=now - timedelta(days=1), expires_at=now + WEEK,
        )
        for task in tasks[::30]
    )  # fmt: skip


def _transitions(task: Task, now: datetime) -> list[LightTransition]:
    changes: list[tuple[str, str, Any]] = [("", "grey", now - 4 * WEEK)]
    changes.append(("grey", task.light, now - 2 * WEEK))
    if task.pk % 4 == 0:
        changes[-1] = ("grey", task.light, now - timedelta(days=task.pk % 7, minutes=1))
    return [
        LightTransition(
            task=task, number=number, from_light=before, to_light=after,
            effective_at=at, detected_at=at,
        )
        for number, (before, after, at) in enumerate(changes, 1) if before != after
    ]  # fmt: skip


def _reports(tasks: list[Task], now: datetime) -> None:
    ProgressReport.objects.bulk_create(
        (
            ProgressReport(task=task, percent=percent, by=task.owner, at=now - weeks * WEEK)
            for task in tasks
            if task.owner is not None
            for weeks, percent in ((2, 40), (1, 95))
        ),
        batch_size=AT_ONCE,
    )
