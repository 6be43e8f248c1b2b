"""One world for all doors: made once, in a transaction that is taken back at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from tests.walk import asking
from tests.walk.asking import Answer, ask
from tests.walk.doors import WALKED
from tests.walk.register import Door
from tests.walk.world import EVERYBODY, World, hide_rows, make_world

Seen = dict[tuple[Door, str, bool], Answer]


@dataclass
class Walk:
    """The world with its hidden rows, and what everybody saw before these were there."""

    world: World
    before: Seen
    data_dir: Path


@pytest.fixture(scope="module")
def walk(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walk]:
    data_dir = tmp_path_factory.mktemp("walk")
    started, made = time.monotonic(), asking.requests_made
    frozen = time_machine.travel(timezone.now(), tick=False)
    with (
        django_db_blocker.unblock(),
        override_settings(MAX_SECRECY_LEVEL=3, DATA_DIR=data_dir),
        frozen,
        transaction.atomic(),
    ):
        world = make_world(timezone.now())
        before = visible_pages(world)
        hide_rows(world)
        yield Walk(world, before, data_dir)
        transaction.set_rollback(True)
    spent = time.monotonic() - started
    print(f"\nthe walk: {asking.requests_made - made} requests in {spent:.0f} s")  # noqa: T201


@pytest.fixture(autouse=True)
def _files_of_the_walk(request: pytest.FixtureRequest, _own_files: None, settings: Any) -> None:
    """The world's files outlive one test."""
    if "walk" in request.fixturenames:
        settings.DATA_DIR = request.getfixturevalue("walk").data_dir
        settings.MAX_SECRECY_LEVEL = 3


def visible_pages(world: World) -> Seen:
    """Every page on own rows, and every list, as each person who is let in sees it."""
    seen: Seen = {}
    for door in WALKED:
        if door.method != "GET" or door.moves:
            continue
        kwargs = door.kwargs(world.own) if door.kwargs else {}
        for who in EVERYBODY:
            if door.answer_to(who) >= 400:
                continue
            for htmx in (False, True) if door.partial else (False,):
                seen[door, who, htmx] = ask(world.clients[who], door, kwargs, htmx=htmx)
    return seen
