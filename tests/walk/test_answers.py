"""What every answer of the walk must say or must not say besides its text."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from security.models import AuditEvent
from tests.walk.asking import ask, changed_tables, state_of_all_tables
from tests.walk.conftest import Walk
from tests.walk.doors import WALKED
from tests.walk.register import Door
from tests.walk.rows import CANARY
from tests.walk.test_walk import WITH_ROWS, addresses, asked_as
from tests.walk.world import OUTSIDE

pytestmark = pytest.mark.django_db
POSTS = [door for door in WALKED if door.method == "POST"]


def test_no_answer_to_a_person_may_be_kept_or_framed_or_run_foreign_script(walk: Walk) -> None:
    wrong = []
    for (door, who, htmx), answer in walk.before.items():
        headers = dict(answer.headers)
        policy = headers.get("Content-Security-Policy", "")
        kept = who not in OUTSIDE and "no-store" not in headers.get("Cache-Control", "")
        loose = not policy or "unsafe-inline" in policy or "unsafe-eval" in policy
        sniffed = headers.get("X-Content-Type-Options") != "nosniff"
        framed = headers.get("X-Frame-Options") != "DENY" and "sandbox" not in policy
        if kept or loose or sniffed or framed:
            wrong.append((str(door), who, htmx, kept, loose, sniffed, framed))
    assert not wrong


@pytest.mark.parametrize("door", POSTS, ids=str)
def test_no_form_is_taken_without_its_token(walk: Walk, door: Door) -> None:
    """Another site can send a form, but not the token that belongs to it."""
    world = walk.world
    let_in = sorted(door.roles & world.users.keys())
    kwargs = door.kwargs(world.own) if door.kwargs else {}
    before = state_of_all_tables()
    for who in [*let_in[:1], "anonymous"]:
        strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
        strict.cookies = world.clients[who].cookies
        answer = ask(strict, door, kwargs, door.data(world.own))
        # A program that did not say who it is is asked to, before anything else.
        stranger = door.json and who == "anonymous"
        assert answer.status == (401 if stranger else 403), who
        assert not answer.canaries
    assert not changed_tables(before)


def test_neither_the_trail_nor_the_log_repeats_what_a_hidden_row_says(
    walk: Walk, caplog: pytest.LogCaptureFixture
) -> None:
    """The trail has ids, levels and paths; codes of units and names of files' keys, never texts."""
    world = walk.world
    first = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for door in WITH_ROWS:
        who = next(iter(sorted(door.roles & world.users.keys())), "nobody")
        for _place, kwargs in addresses(world, door):
            asked_as(world, who, door, kwargs)
    written = AuditEvent.objects.filter(id__gt=first)
    assert written.filter(decision="denied").count() > 100
    said = " ".join(
        " ".join([event.reason, event.allowed_by, event.object_id, *event.fields])
        for event in written
    )
    assert CANARY not in said.lower()
    assert CANARY not in caplog.text.lower()


def test_no_answer_names_what_runs_here(walk: Walk) -> None:
    telling = re.compile(r"django|python/|gunicorn|postgres|psycopg|redis|traceback", re.IGNORECASE)
    for (door, who, _htmx), answer in walk.before.items():
        told = [f"{name}: {value}" for name, value in answer.headers if telling.search(value)]
        assert not told, (str(door), who, told)
        assert str(settings.BASE_DIR) not in answer.said
