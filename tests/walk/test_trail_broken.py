"""The walk with a trail that takes no more lines: no door shows a word of a protected row.

Asked by somebody who may see everything in the secret place, so that each door has something to
hide; before that he is let in, so that the doors are known to show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from security.database_roles import as_owner
from tests.security.make import LONG_AGO, grant_role
from tests.walk.asking import Answer, ask
from tests.walk.doors import WALKED
from tests.walk.register import Door
from tests.walk.shifts import by_shift
from tests.walk.world import World, hide_rows, make_world

pytestmark = pytest.mark.django_db
ROLES = ("head", "unit_head", "keeper", "operator", "inspector", "unit_staff", "security_officer")
ASKED = [door for door in WALKED if not door.elsewhere]


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    data_dir = tmp_path_factory.mktemp("walk")
    with (
        django_db_blocker.unblock(),
        override_settings(MAX_SECRECY_LEVEL=3, DATA_DIR=data_dir),
        time_machine.travel(timezone.now(), tick=False),
        transaction.atomic(),
    ):
        world = make_world(timezone.now())
        hide_rows(world)
        reader = world.users["_cleared"]
        for role in ROLES:
            grant_role(reader, role, world.units["own"], now=LONG_AGO, max_level=3)
        world.clients["_cleared"] = Client(raise_request_exception=False)
        world.clients["_cleared"].force_login(
            reader, backend="django.contrib.auth.backends.ModelBackend"
        )
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION break_trail() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN IF current_setting('walk.broken', true) = 'yes' THEN "
                "RAISE EXCEPTION 'no more lines' USING ERRCODE = '53100'; END IF; RETURN NULL; "
                "END$$; CREATE TRIGGER break_trail BEFORE INSERT ON security_auditevent "
                "FOR EACH STATEMENT EXECUTE FUNCTION break_trail()"
            )
        world.data_dir = data_dir  # type: ignore[attr-defined]
        yield world
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _files_of_the_walk(_own_files: None, world: World, settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    settings.DATA_DIR = world.data_dir  # type: ignore[attr-defined]


@contextmanager
def taken_back(*, broken: bool) -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL walk.broken = %s", ["yes" if broken else "no"])
        yield
        transaction.set_rollback(True)


def asked(world: World, door: Door, *, broken: bool, htmx: bool) -> Answer | None:
    try:
        kwargs = door.kwargs(world.rows["secret"]) if door.kwargs else {}
    except AttributeError:  # the secret place has no row of the kind
        return None
    with taken_back(broken=broken):
        try:
            data = door.data(world.rows["secret"])
        except AttributeError:
            data = {}
        return ask(world.clients["_cleared"], door, kwargs, data, htmx=htmx)


# Without these the walk would prove nothing: its reader would have seen nothing anyway.
HOLDING = {
    "campaign:task_detail", "digitization:page", "digitization:page_image",
    "digitization:page_thumbnail", "digitization:dossier", "digitization:lot",
    "records:member_detail", "records:cadre_detail", "member-detail",
}  # fmt: skip


@pytest.mark.parametrize("door", by_shift(ASKED), ids=str)
def test_no_door_shows_a_word_while_the_trail_takes_no_line(world: World, door: Door) -> None:
    for htmx in (False, True) if door.partial else (False,):
        whole = asked(world, door, broken=False, htmx=htmx)
        if whole is None:
            return
        assert whole.status != 503, "rows without a line: see the log"
        if door.name in HOLDING and door.method == "GET" and not door.query:
            assert whole.canaries
        answer = asked(world, door, broken=True, htmx=htmx)
        assert answer is not None
        assert not answer.canaries
        assert answer.status == 503 or not whole.canaries


def test_the_walk_asks_at_every_door_that_holds_something() -> None:
    assert {door.name for door in ASKED} >= HOLDING
