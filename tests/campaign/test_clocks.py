"""Writers that wait for each other and whose clocks differ: no fact is lost, no light stays wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from campaign.facts import facts_of, newest_policies, policy_at
from campaign.models import Task
from campaign.rules import Policy, task_light
from campaign.selectors import TaskFilter, board_for
from campaign.services import (
    add_product,
    cancel_task,
    compare_lights,
    report_progress,
    set_policy,
    submit_product,
    sweep_lights,
)
from campaign.services.agreeing import NewProduct
from tests.campaign.make import BEGIN, DEADLINE, make_task, office_of, owner_of
from tests.campaign.test_views import head_of

pytestmark = pytest.mark.django_db
MOMENT = timedelta(milliseconds=50)
TEN = timedelta(minutes=10)
MIDDLE = BEGIN + timedelta(days=9)


def light_of(task: Task, now: datetime) -> str:
    """The stored light, which is the rule's, after changes whose times never go back."""
    row = Task.objects.get(pk=task.pk)
    times = list(row.transitions.order_by("number").values_list("effective_at", flat=True))
    assert times == sorted(times)
    policy = newest_policies([row.campaign_id])[row.campaign_id]
    at = max(*times, now)
    assert row.light == task_light(facts_of([row], at)[row.pk], policy, at).light
    return row.light


def hand_in(task: Task, now: datetime) -> None:
    product = task.products.order_by("pk")[0]
    submit_product(actor=owner_of(task), product=product, statement="Đủ", now=now)


def test_whoever_waited_for_the_row_does_not_undo_the_light_of_the_one_before() -> None:
    task, late = make_task(products=2), DEADLINE - TEN
    sweep_lights(now=late)
    # The one before had a clock past the deadline, and turned it red.
    report_progress(actor=owner_of(task), task=task, percent=90, now=late + 2 * TEN)
    assert light_of(task, late + 2 * TEN) == "red"
    report_progress(actor=owner_of(task), task=task, percent=95, now=late)
    assert light_of(task, late) == "red"
    assert list(task.transitions.order_by("number").values_list("to_light", flat=True)) == [
        *("green", "yellow", "red")
    ]


def test_a_hand_in_of_a_moment_later_still_counts() -> None:
    task, before = make_task(), DEADLINE - timedelta(hours=1)
    report_progress(actor=owner_of(task), task=task, percent=100, now=before - TEN)
    assert light_of(task, before - TEN) == "yellow"  # it is due soon
    hand_in(task, before + MOMENT)
    assert light_of(task, before + MOMENT) == "green"
    report_progress(actor=owner_of(task), task=task, percent=100, now=before)
    assert light_of(task, before) == "green"
    assert board_for(head_of(task), before - MOMENT, now=DEADLINE) is not None
    shown = TaskFilter(at=before + 2 * MOMENT).apply(head_of(task), task.campaign).get(pk=task.pk)
    assert shown.lit == "green"


def test_a_deed_by_a_clock_ten_minutes_ahead_survives_the_right_clock() -> None:
    task = make_task()
    sweep_lights(now=MIDDLE)
    assert light_of(task, MIDDLE) == "yellow"  # behind
    report_progress(actor=owner_of(task), task=task, percent=90, now=MIDDLE + TEN)
    assert light_of(task, MIDDLE + TEN) == "green"
    office = office_of(task)
    add_product(actor=office, task=task, product=NewProduct("Phụ lục"), now=MIDDLE)
    assert light_of(task, MIDDLE) == "green"
    Task.objects.filter(pk=task.pk).update(next_change_at=MIDDLE)
    sweep_lights(now=MIDDLE + MOMENT)
    assert light_of(task, MIDDLE + MOMENT) == "green"


def test_a_task_leaves_the_board_after_its_last_change_whatever_the_clock() -> None:
    task = make_task()
    sweep_lights(now=MIDDLE)
    report_progress(actor=owner_of(task), task=task, percent=90, now=MIDDLE + TEN)
    cancel_task(actor=office_of(task), task=task, reason="Thôi", now=MIDDLE)
    times = task.transitions.order_by("number").values_list("effective_at", flat=True)
    assert list(times) == sorted(times)
    later = TaskFilter(at=MIDDLE + 2 * TEN).apply(head_of(task), task.campaign)
    assert not later.filter(pk=task.pk).exists()


def test_thresholds_set_a_moment_later_hold_for_whoever_waited_for_them() -> None:
    task = make_task()
    report_progress(actor=owner_of(task), task=task, percent=60, now=MIDDLE)
    assert light_of(task, MIDDLE) == "green"
    office = office_of(task)
    set_policy(
        actor=office, campaign=task.campaign, policy=Policy(3, 1), reason="Chặt", now=MIDDLE + TEN
    )
    assert light_of(task, MIDDLE + TEN) == "yellow"
    report_progress(actor=owner_of(task), task=task, percent=60, now=MIDDLE + MOMENT)
    assert light_of(task, MIDDLE + MOMENT) == "yellow"
    assert compare_lights(now=MIDDLE + 2 * TEN)[0].differences == []


def test_thresholds_set_last_hold_although_the_clock_of_the_first_was_ahead() -> None:
    task = make_task()
    office = office_of(task)
    for policy, now in ((Policy(5, 10), MIDDLE + TEN), (Policy(7, 30), MIDDLE)):
        set_policy(actor=office, campaign=task.campaign, policy=policy, reason="Thử", now=now)
    assert policy_at(task.campaign_id, MIDDLE + 2 * TEN) == Policy(7, 30)
