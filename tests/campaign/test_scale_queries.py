"""No page asks more queries of two hundred tasks than of ten, for whoever opens it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaign.models import Campaign, Judgement, LightTransition, Product, ProgressReport, Task
from campaign.services import link_tasks
from security.models import Unit, User
from tests.campaign.make import make_campaign, make_task, submit
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
AT_MOST = 25
OFFICE = (
    *("campaign:task_list", "campaign:product_list", "campaign:drafts", "campaign:campaigns"),
    *("campaign:matrix_six", "campaign:matrix_progress", "campaign:matrix_blocks"),
    *("campaign:matrix_units", "campaign:timeline", "campaign:calendar", "campaign:lights"),
    *("campaign:light_checks", "campaign:imports", "campaign:views", "notices"),
    *("board", "board_checkpoint", "board_chase", "board_wall"),
    *("task-list", "light-list", "api-board", "campaign-list"),
)
UNIT = ("home", "campaign:task_list", "campaign:product_list", "campaign:timeline")
PAST = ("board", "campaign:task_list", "campaign:matrix_six", "campaign:timeline")


class World:
    """Ten tasks of two units with work on them, and copies of them."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.begun = self.now - timedelta(days=9)
        self.campaign: Campaign = make_campaign(start=self.begun.date())
        self.units: list[Unit] = [make_unit(parent=self.campaign.unit) for _ in range(2)]
        self.owners = [make_user(unit=unit) for unit in self.units]
        for owner in self.owners:
            grant_role(owner, "unit_staff", owner.unit)
        self.tasks = [
            make_task(
                campaign=self.campaign, unit=self.units[n % 2], owner=self.owners[n % 2],
                now=self.begun, deadline=self.now + timedelta(days=n - 4),
            )
            for n in range(10)
        ]  # fmt: skip
        self.office = self.person("office")
        submit(self.tasks[0], now=self.now)
        link_tasks(
            actor=self.office, task=self.tasks[1], other=self.tasks[2], kind="depends_on",
            now=self.now,
        )  # fmt: skip

    def person(self, role: str) -> User:
        user = make_user(unit=make_unit(parent=self.campaign.unit))
        grant_role(user, role, self.campaign.unit)
        return user

    def grow(self, number: int) -> None:
        """Copies with reports, judgements and changes of their light, drafts first: a task that
        runs needs its product."""
        fields = [f.attname for f in Task._meta.concrete_fields if not f.primary_key]
        fresh = []
        for n in range(number):
            like = self.tasks[n % 10]
            copy = Task(**{name: getattr(like, name) for name in fields})
            copy.code, copy.state, copy.light = f"X{n}", "draft", ""
            fresh.append(copy)
        Task.objects.bulk_create(fresh)
        Product.objects.bulk_create(Product(task=t, position=1, title="SP") for t in fresh)
        lights = ("red", "yellow", "green", "grey")
        for n, task in enumerate(fresh):
            Task.objects.filter(pk=task.pk).update(
                state="active", light=lights[n % 4], next_change_at=self.now + timedelta(days=1)
            )
        LightTransition.objects.bulk_create(
            LightTransition(
                task=task, number=1, to_light=lights[n % 4],
                effective_at=self.begun, detected_at=self.begun,
            )
            for n, task in enumerate(fresh)
        )  # fmt: skip
        ProgressReport.objects.bulk_create(
            ProgressReport(task=task, percent=40, by=self.office, at=self.begun) for task in fresh
        )
        Judgement.objects.bulk_create(
            Judgement(
                task=task, light="red", reason="Thấy khác", by=self.office, at=self.begun,
                expires_at=self.now + timedelta(days=9),
            )
            for task in fresh
        )  # fmt: skip


def addresses(world: World) -> list[tuple[User, str]]:
    past = quote((world.now - timedelta(days=2)).isoformat())
    pages = [(world.office, reverse(name)) for name in OFFICE]
    pages += [(world.owners[0], reverse(name)) for name in UNIT]
    pages += [(world.office, f"{reverse(name)}?at={past}") for name in PAST]
    return [*pages, (world.office, reverse("campaign:task_detail", args=[world.tasks[0].pk]))]


def queries(pages: list[tuple[User, str]]) -> dict[tuple[str, str], int]:
    found = {}
    for user, address in pages:
        client = Client()
        client.force_login(user)
        client.get(address)  # what a process reads once
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        found[user.username, address] = len(asked)
    return found


def test_no_page_asks_more_of_two_hundred_tasks_than_of_ten() -> None:
    world = World()
    pages = addresses(world)
    few = queries(pages)
    world.grow(190)
    many = queries(pages)
    assert {page: (few[page], n) for page, n in many.items() if n > few[page]} == {}
    one_task = reverse("campaign:task_detail", args=[world.tasks[0].pk])
    assert {page: n for page, n in many.items() if n > AT_MOST and page[1] != one_task} == {}
