"""The second plan of the demonstration: a roadmap of years, lived through as far as today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from campaign.models import Campaign, Product, Submission, Task
from campaign.rules import planned_percent, start_of
from campaign.services import (
    accept_product,
    load_plan,
    report_progress,
    submit_product,
    sweep_lights,
)
from config.demo.accounts import ROADMAP, People, data
from security.models import User

FIRST_DAY = date(2026, 4, 1)
HEAD, OFFICE = "hx.bithu", "hx.vanphong"
Event = tuple[datetime, int, Callable[[], object]]


def live_the_roadmap(people: People, *, now: datetime) -> dict[str, int]:
    """Load the plan as on its first morning; what was due is accepted, but the last thing due.

    Its years are the calendar's, so it is not shifted as the campaign of weeks is.
    """
    report = load_plan(ROADMAP, actor=None, now=min(now, start_of(FIRST_DAY)))
    campaign = Campaign.objects.get(code=report.campaign)
    tasks = campaign.tasks.active().filter(start__lte=now.date())
    rows = list(tasks.select_related("unit", "owner").order_by("deadline", "code"))
    due = [task for task in rows if task.deadline is not None and task.deadline < now]
    events: list[Event] = []
    for task in due[:-1]:
        events += _handed_in(task, people, len(events))
    events += [
        (now - timedelta(days=3), len(events) + i, partial(_report, task, now - timedelta(days=3)))
        for i, task in enumerate(rows)
        if task not in due and task.start is not None and start_of(task.start) < now
    ]
    past = [event for event in sorted(events, key=lambda one: one[:2]) if event[0] < now]
    for _at, _number, act in past:
        act()
    sweep_lights(now=now)
    return {"roadmap_tasks": report.tasks}


def _handed_in(task: Task, people: People, number: int) -> list[Event]:
    """Every product some days before the deadline, accepted two days later by another unit."""
    if task.deadline is None or task.owner is None:
        return []
    handed = task.deadline - timedelta(days=6)
    grader = people[OFFICE] if task.unit.code == "HX-BTV" else people[HEAD]
    return [
        (handed, number + i, partial(_deliver, product, task.owner, grader, handed))
        for i, product in enumerate(task.products.all())
    ]


def _deliver(product: Product, owner: User, grader: User, at: datetime) -> None:
    told = data("story")["roadmap"]
    submission: Submission = submit_product(
        actor=owner, product=product, statement=told["statement"], now=at
    )
    accept_product(
        actor=grader, submission=submission, grade="A", note=told["accepted"],
        now=at + timedelta(days=2),
    )  # fmt: skip


def _report(task: Task, at: datetime) -> None:
    if task.start is None or task.deadline is None or task.owner is None:
        return
    percent = planned_percent(start_of(task.start), task.deadline, at)
    note = data("story")["roadmap"]["note"]
    report_progress(actor=task.owner, task=task, percent=percent, note=note, now=at)
