"""The real plan at each Thursday of its campaign in turn: the board against a count by hand.

The demonstration's story is played event by event; at each Thursday the clock stands still, and
what the board says is compared with the pure rule over the facts of that moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker

from campaign.facts import facts_of, policy_at
from campaign.models import Campaign, Task, WeeklySnapshot
from campaign.rules import Verdict, start_of, task_light
from campaign.services import load_plan, sweep_lights, take_snapshots
from config.demo import accounts
from config.demo.build import plan_start
from config.demo.story import Story
from dashboard.board import board_page
from dashboard.board_page import BoardPage, Tally
from dashboard.words import LIGHT_ORDER
from security.models import User
from security.services import load_roles

pytestmark = pytest.mark.django_db
WEEKS = 6  # the last week is short: its briefing is the closing one, on a Tuesday
EIGHT = timedelta(hours=8)


class Told:
    """The plan and all that will happen to it, played up to a moment."""

    def __init__(self) -> None:
        now = timezone.now()
        people = accounts.create_people(password="not used: tests sign in by force")
        self.start = plan_start(timezone.localdate(now))
        accounts.give_roles(people, now=now - timedelta(days=60))
        with time_machine.travel(start_of(self.start), tick=False):
            load_plan(accounts.PLAN, actor=None, now=start_of(self.start), start=self.start)
        self.campaign = Campaign.objects.get()
        end = start_of(self.campaign.end) + timedelta(days=1)
        story = Story(self.campaign, people, now=end)
        tasks = {t.code: t for t in Task.objects.filter(campaign=self.campaign).select_related(
            "owner", "unit", "block__deputy").prefetch_related("products")}  # fmt: skip
        for task in tasks.values():
            story.tell(task)
        story.decide(tasks)
        self.events = sorted(event for event in story.events if event.at < end)

    def play_until(self, moment: datetime) -> None:
        """Everything before ``moment`` happens at its own time; then the sweep and the freeze."""
        while self.events and self.events[0].at < moment:
            event = self.events.pop(0)
            with time_machine.travel(event.at, tick=False):
                event.act(event.at)
        sweep_lights(now=moment)
        take_snapshots(now=moment)

    @property
    def thursdays(self) -> list[datetime]:
        first = start_of(self.start) + timedelta(days=6) + EIGHT
        closing = start_of(self.campaign.end) + EIGHT
        return [*(first + timedelta(days=7 * week) for week in range(WEEKS)), closing]


@pytest.fixture(scope="module")
def told(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[Told]:
    with django_db_blocker.unblock(), transaction.atomic():
        load_roles()
        accounts.create_units()
        yield Told()
        transaction.set_rollback(True)


def by_hand(campaign: Campaign, at: datetime, *, past: bool = False) -> dict[int, Verdict]:
    """The rule applied to every task that was on the board, without anything stored."""
    tasks = list(Task.objects.filter(campaign=campaign, state__in=["active", "done"]))
    known, policy = facts_of(tasks, at, past=past), policy_at(campaign.pk, at)
    return {task.pk: task_light(known[task.pk], policy, at) for task in tasks}


def counted(found: dict[int, Verdict], tasks: dict[int, Task], key: str) -> dict[str, Counter[str]]:
    """Lights by a part of the plan: "group", "block" or "unit"."""
    parts: dict[str, Counter[str]] = {}
    for pk, verdict in found.items():
        part = getattr(tasks[pk], key)
        if part is not None:
            parts.setdefault(part.name, Counter())[verdict.light] += 1
    return parts


def said(tally: Tally) -> dict[str, Counter[str]]:
    return {
        row.name: Counter({count.light: count.number for count in row.counts if count.number})
        for row in tally.rows
    }


def page_at(moment: datetime, at: datetime | None = None) -> BoardPage:
    head = User.objects.get(username="truongban")
    page = board_page(head, at, now=moment, campaign=Campaign.objects.get())
    assert page is not None
    return page


def wrong_with(page: BoardPage, found: dict[int, Verdict], tasks: dict[int, Task]) -> list[str]:
    """Where the board differs from the count by hand, and which exception explains too little."""
    lights = Counter(verdict.light for verdict in found.values())
    wrong = [
        f"{tile.count.light}: {tile.count.number}, by hand {lights[tile.count.light]}"
        for tile in page.tiles
        if tile.count.number != lights[tile.count.light]
    ]
    for tally, key in ((page.by_group, "group"), (page.by_block, "block"), (page.by_unit, "unit")):
        if said(tally) != counted(found, tasks, key):
            wrong.append(f"by {key}")
    if page.exception_count != lights["red"] + lights["yellow"]:
        wrong.append("number of exceptions")
    wrong += [
        f"{row.code} does not say why, whose or for whom it waits"
        for row in page.exceptions
        if not (row.reasons and row.owner and row.waits_for and row.next_step and row.due)
    ]
    wrong += [
        f"{row.code} is {row.light}, by hand {found[row.task_id].light}"
        for row in page.exceptions
        if row.light != found[row.task_id].light
    ]
    return wrong


def test_the_board_of_each_thursday_equals_a_count_by_hand(told: Told) -> None:
    """Standing there, and again when looked back at from the end of the campaign."""
    shown: dict[datetime, dict[str, int]] = {}
    with translation.override("en"), transaction.atomic():
        for thursday in told.thursdays:
            told.play_until(thursday)
            tasks = Task.objects.select_related("group", "block", "unit").in_bulk()
            with time_machine.travel(thursday, tick=False):
                page = page_at(thursday)
            assert wrong_with(page, by_hand(told.campaign, thursday), tasks) == [], thursday
            assert sum(tile.count.number for tile in page.tiles) == 74
            shown[thursday] = {tile.count.light: tile.count.number for tile in page.tiles}
        end = told.thursdays[-1] + timedelta(days=1)
        told.play_until(end)
        assert len({tuple(one.values()) for one in shown.values()}) == WEEKS + 1  # it does move
        for thursday, then in shown.items():
            page = page_at(end, at=thursday)
            assert {tile.count.light: tile.count.number for tile in page.tiles} == then
            hand = by_hand(told.campaign, thursday, past=True)
            assert Counter(v.light for v in hand.values()) == Counter(
                {light: n for light, n in then.items() if n}
            )
        weeks = page_at(end).trend.rows
        assert len(weeks) == WeeklySnapshot.objects.count() + 1
        for row in weeks:
            assert [figure.light for figure in row.figures] == list(LIGHT_ORDER)
        transaction.set_rollback(True)
