"""What was due at a past instant stays so, whatever was granted since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from campaign.models import Briefing, Task
from campaign.rules import end_of
from campaign.selectors import TaskFilter, board_for
from campaign.selectors.calendar import days_between
from campaign.selectors.chasing import chase_counts
from campaign.selectors.checkpoint import asked
from campaign.selectors.matrices import progress_lines
from campaign.selectors.structure import Structure, structure_at
from campaign.services import revise_deadline, sweep_lights
from campaign.services.product_dates import revise_product_deadline
from security.models import User
from tests.campaign.make import DEADLINE, make_task
from tests.campaign.test_selectors import make_head

pytestmark = pytest.mark.django_db
AT = DEADLINE + timedelta(days=3, hours=9)  # 1/6, 9:00
MOVED = AT + timedelta(days=1)
NEW = end_of(date(2026, 6, 20), before=False)
LATER = MOVED + timedelta(hours=1)
MAY_AND_JUNE = (date(2026, 5, 15), date(2026, 6, 30))


def frame_of(task: Task, at: datetime) -> Structure:
    frame = structure_at(at, task.campaign)
    assert frame is not None
    return frame


def told(user: User, task: Task, *, at: datetime, now: datetime) -> dict[str, Any]:
    """What every page says of ``at``, asked at ``now``."""
    base = TaskFilter(at=at if at < now else None)
    frame = frame_of(task, at)
    board = board_for(user, base.at, now=now, campaign=task.campaign)
    assert board is not None
    rows = base.apply(user, task.campaign)
    matrix = progress_lines(rows, frame, base, at)
    days = days_between(
        user, frame, rows, MAY_AND_JUNE, at=at, past=base.at, shown=9, places=range(1, 9)
    )
    due = base.but(due=True).apply(user, task.campaign)
    return {
        "board": [(line.due, line.in_time) for line in board.matrix],
        "exceptions": [(line.task.deadline, line.days_late) for line in board.exceptions],
        "progress": [(line.due, line.in_time) for line in matrix],
        "due list": [row.pk for row in due] if base.at else [task.pk],
        "chase": chase_counts(user, frame, base, at=at),
        "checkpoint": asked(user, frame, base, by=date(2026, 6, 4), at=at),
        "calendar": {
            day.day: (
                [one.pk for one in day.tasks],
                day.counts,
                [line.product.pk for line in day.products],
            )
            for day in days
            if not day.empty
        },
    }


def late_task() -> Task:
    """Red since its deadline was over, with a second product that has a later date of its own."""
    task = make_task(products=2)
    task.products.filter(position=2).update(deadline=NEW)
    Briefing.objects.create(campaign=task.campaign, day=date(2026, 6, 4))
    sweep_lights(now=AT)
    return task


def test_a_deadline_granted_later_changes_nothing_of_a_past_instant() -> None:
    task = late_task()
    head = make_head(task.campaign)
    before = told(head, task, at=AT, now=AT)
    assert before["board"] == before["progress"] == [(1, 0)]
    assert before["chase"]["product"] == 1
    assert before["checkpoint"].overdue == 1
    revise_deadline(actor=head, task=task, deadline=NEW, reason="Chờ số liệu", now=MOVED)
    assert told(head, task, at=AT, now=LATER) == before


def test_now_speaks_of_the_new_deadline() -> None:
    task = late_task()
    head = make_head(task.campaign)
    revise_deadline(actor=head, task=task, deadline=NEW, reason="Chờ số liệu", now=MOVED)
    after = told(head, task, at=LATER, now=LATER)
    assert after["board"] == after["progress"] == [(0, 0)]
    assert after["chase"]["product"] == 0
    assert after["calendar"][date(2026, 6, 20)] == ([task.pk], {"yellow": 1}, [])


def test_between_two_grants_the_first_binds() -> None:
    task = late_task()
    head = make_head(task.campaign)
    first = end_of(date(2026, 6, 3), before=False)
    revise_deadline(actor=head, task=task, deadline=first, reason="Chờ số liệu", now=MOVED)
    between = first + timedelta(days=1)
    sweep_lights(now=between)
    before = told(head, task, at=between, now=between)
    assert before["board"] == [(1, 0)]
    revise_deadline(
        actor=head, task=task, deadline=NEW, reason="Vẫn chờ", now=between + timedelta(days=1)
    )
    assert told(head, task, at=between, now=between + timedelta(days=2)) == before


def test_the_past_calendar_opens_the_day_that_bound(client: Any) -> None:
    task = late_task()
    head = make_head(task.campaign)
    revise_deadline(actor=head, task=task, deadline=NEW, reason="Chờ số liệu", now=MOVED)
    client.force_login(head, backend="django.contrib.auth.backends.ModelBackend")
    said = client.get(
        reverse("campaign:calendar"), {"view": "day", "day": "2026-05-28", "at": AT.isoformat()}
    )
    assert task.title in said.content.decode()


def test_a_product_moved_later_was_due_on_its_old_day() -> None:
    task = make_task(products=2)
    head = make_head(task.campaign)
    old, new = (end_of(date(2026, 5, day), before=False) for day in (25, 27))
    task.products.filter(position=2).update(deadline=old)
    Briefing.objects.create(campaign=task.campaign, day=date(2026, 6, 4))
    at = old + timedelta(hours=9)
    sweep_lights(now=at)
    before = told(head, task, at=at, now=at)
    product = task.products.get(position=2)
    assert before["calendar"][date(2026, 5, 25)][2] == [product.pk]
    assert before["chase"]["product"] == before["checkpoint"].overdue == 1
    moved = at + timedelta(hours=1)
    revise_product_deadline(actor=head, product=product, deadline=new, reason="Chờ", now=moved)
    after = told(head, task, at=at, now=moved + timedelta(hours=1))
    for page in ("calendar", "chase", "checkpoint", "board"):
        assert after[page] == before[page]
