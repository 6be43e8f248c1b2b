"""The walk: every door × everybody × own, foreign, above, secret, opened once, missing.

A door answers as the register says; nothing of a row that somebody may not see is in body or
headers; a hidden row answers like a missing one; a refusal leaves a line on the trail and changes
nothing anywhere; and no page changes because there are rows that its reader may not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.walk.asking import (
    Answer,
    ask,
    changed_tables,
    denied_requests,
    state_of_all_tables,
)
from tests.walk.conftest import Walk, visible_pages
from tests.walk.doors import WALKED
from tests.walk.register import Door
from tests.walk.rows import Rows
from tests.walk.world import EVERYBODY, OUTSIDE, World

pytestmark = pytest.mark.django_db
SIGNED_IN = [who for who in EVERYBODY if who not in OUTSIDE]
WITH_ROWS = [door for door in WALKED if door.kwargs and not door.fixed]


def shift(door: Door, which: str) -> list[str]:
    """The few stand for the rest in every run: one who is let in, one who is not, each kind of
    outsider. The rest follow with ``bin/test --all``."""
    let_in = [who for who in SIGNED_IN if who in door.roles or who in door.seen]
    others = [who for who in SIGNED_IN if who not in let_in]
    few = {*let_in[:1], *let_in[-1:], *others[:1], "expired", *OUTSIDE}
    return [who for who in EVERYBODY if (who in few) is (which == "few")]


SHIFTS = pytest.mark.parametrize("which", ["few", pytest.param("rest", marks=pytest.mark.long)])


def asked_as(world: World, who: str, door: Door, kwargs: dict[str, Any], **how: Any) -> Answer:
    """The answer; whatever it wrote is taken back, unless it was refused."""
    with transaction.atomic():
        answer = ask(world.clients[who], door, kwargs, door.data(world.own), **how)
        if door.method == "POST" and answer.status < 400:
            transaction.set_rollback(True)
    return answer


def forms(door: Door) -> tuple[bool, ...]:
    return (False, True) if door.partial else (False,)


@SHIFTS
@pytest.mark.parametrize("door", WALKED, ids=str)
def test_a_door_opens_to_whom_the_register_says(walk: Walk, door: Door, which: str) -> None:
    world = walk.world
    kwargs = door.kwargs(world.own) if door.kwargs else {}
    before, told, refused, wrong = state_of_all_tables(), [], {}, []
    for who in shift(door, which):
        for htmx in forms(door):
            answer = asked_as(world, who, door, kwargs, htmx=htmx)
            if answer.status != door.answer_to(who):
                wrong.append((who, answer.status, f"expected {door.answer_to(who)}"))
            if answer.canaries and not (door.tells and who in door.roles):
                told.append((who, answer.canaries))
            if who not in (*OUTSIDE, *door.roles) and answer.status in (404, 422):
                refused[answer.request] = (who, answer.status)
    assert not wrong
    assert not told, "a canary came out"
    denied = denied_requests(refused)
    assert not [who for number, who in refused.items() if number not in denied], "no denial"
    assert not changed_tables(before)


def addresses(world: World, door: Door) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every hidden or missing address of the door."""
    assert door.kwargs is not None
    for name, rows in world.hidden.items():
        for make in (door.kwargs, *(_crossed(mixed, world.own) for mixed in door.crossed)):
            try:
                yield name, make(rows)
            except AttributeError:  # this place has no row of the kind
                continue


def _crossed(mixed: Any, own: Rows) -> Any:
    return lambda other: mixed(own, other)


@SHIFTS
@pytest.mark.parametrize("door", WITH_ROWS, ids=str)
def test_a_hidden_row_answers_like_a_missing_one(walk: Walk, door: Door, which: str) -> None:
    world = walk.world
    before, told, wrong, unlike, refused = state_of_all_tables(), [], [], [], {}
    for who in shift(door, which):
        expected = door.outside if who in OUTSIDE else door.hidden
        alike: dict[bool, set[Any]] = {False: set(), True: set()}
        let_in = who in door.roles or who in door.seen
        asked = list(addresses(world, door))
        # Whoever is stopped at the door itself never comes to the row: two addresses are enough.
        for place, kwargs in asked if let_in else (asked[0], asked[-1]):
            for htmx in forms(door) if let_in else (False,):
                answer = asked_as(world, who, door, kwargs, htmx=htmx)
                if answer.status != expected:
                    wrong.append((who, place, answer.status))
                if answer.canaries:
                    told.append((who, place, answer.canaries))
                if who not in OUTSIDE and not (door.mute and who in door.roles):
                    refused[answer.request] = (who, place)
                alike[htmx].add(answer.plain)
        unlike += [(who, answers) for answers in alike.values() if len(answers) > 1]
    assert not wrong
    assert not told, "a canary came out"
    assert not unlike, "hidden and missing differ"
    denied = denied_requests(refused)
    assert not [who for number, who in refused.items() if number not in denied], "no denial"
    assert not changed_tables(before)


def test_no_page_changes_because_of_rows_its_reader_may_not_see(walk: Walk) -> None:
    after = visible_pages(walk.world)
    assert len(walk.before) > 100
    differing = {
        (str(door), who, htmx): difference(walk.before[door, who, htmx], answer)
        for (door, who, htmx), answer in after.items()
        if walk.before[door, who, htmx].plain != answer.plain
    }
    assert not differing


def difference(one: Answer, other: Answer) -> list[tuple[str, str]]:
    """The first lines that differ, for whoever reads the failure."""
    pairs = zip(_lines(one), _lines(other), strict=False)
    lines = [(a.strip()[:160], b.strip()[:160]) for a, b in pairs if a != b]
    heads = [(str(a), str(b)) for a, b in zip(one.headers, other.headers, strict=False) if a != b]
    return (heads + lines)[:3]


@pytest.mark.parametrize("door", {door.name: door for door in WALKED}.values(), ids=str)
def test_a_door_knows_its_method(walk: Walk, door: Door) -> None:
    """Another method on an own row changes nothing and breaks nothing, whoever asks."""
    world = walk.world
    kwargs = door.kwargs(world.own) if door.kwargs else {}
    here = {one.method for one in WALKED if one.name == door.name}
    others = {"GET", "PUT", "DELETE"} - here
    before, wrong = state_of_all_tables(), []
    for method in sorted(others):
        for who in (*sorted(door.roles & set(world.clients))[:1], "anonymous"):
            moved = Door(door.name, door.roles, door.kwargs, method)
            answer = ask(world.clients[who], moved, kwargs)
            if answer.status >= 500:
                wrong.append((who, method, answer.status))
    assert not wrong
    assert not changed_tables(before)


def _lines(answer: Answer) -> list[str]:
    return answer.body.decode("utf-8", "replace").splitlines()
