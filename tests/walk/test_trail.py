"""What the walk leaves on the trail: whoever was shown a row is written down beside its number.

The answers themselves are the witnesses: every record that a page links to, and every record that
the API names, must stand on the trail under the number of that very request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.urls import Resolver404, resolve

from security.models import AuditEvent, Protected
from security.models.protected import protected_models
from tests.walk.asking import Answer, ask, changed_tables, state_of_all_tables
from tests.walk.conftest import Walk
from tests.walk.doors import WALKED
from tests.walk.register import Door
from tests.walk.shifts import by_shift
from tests.walk.world import POWERLESS

pytestmark = pytest.mark.django_db
KINDS = {model.detail_url: model for model in protected_models() if model.detail_url}
OPENED = sorted({door for door in WALKED if door.method == "GET" and door.status == 200}, key=str)

# Pages that write no line, because nothing of anybody else is on them.
SILENT = {
    "own account": (
        "account_change_password", "account_email", "account_home", "account_inactive",
        "account_login", "account_logout", "account_reauthenticate", "account_reset_password",
        "account_sessions", "account_set_password", "account_signup", "account_tokens",
        "mfa_index", "mfa_list_webauthn", "security:my_roles", "security:emergency_mine",
        "notice_choices", "notice_deliveries", "calendar_feed", "campaign:views",
        "campaign:imports",
    ),
    "what everybody of the campaign may know of it": ("campaign:campaigns", "campaign:lights"),
    "no light differs from the rule": ("campaign:light_checks",),
    "only how many notices wait": ("notices_badge",),
    "nothing was opened to him": ("security:opened_to_me",),
    "an empty form": (
        "digitization:programme_new", "security:person_new", "security:review_new",
        "security:unit_new", "campaign:task_new", "campaign:import_template",
    ),
    "a form about a unit, whose own page is on the trail": (
        "security:unit_edit", "security:unit_move", "security:unit_dissolve",
    ),
    "code lists, which everybody sees": (
        "admin:records_codeitem_add", "admin:records_codeitem_change",
        "admin:records_codeitem_changelist", "admin:records_codelist_change",
        "admin:records_codelist_changelist",
    ),
    "the description of the API": ("api-schema",),
    "only how many lines there are": ("security:trail_export",),
    "too small to be read; the list that it stands in is on the trail": (
        "digitization:page_thumbnail",
    ),
}  # fmt: skip
QUIET = {name for names in SILENT.values() for name in names}


class Shown(NamedTuple):
    kind: str
    pk: int


def linked(answer: Answer) -> set[Shown]:
    """Records whose pages this page leads to; the name of a record always leads to its page."""
    found = set()
    for address in re.findall(r'href="([^"#?]+)', answer.body.decode("utf-8", "replace")):
        try:
            match = resolve(urlsplit(unescape(address)).path)
        except Resolver404:
            continue
        model = KINDS.get(match.view_name)
        if model is not None:
            found.add(Shown(model._meta.label_lower, int(match.kwargs["pk"])))
    return found


def written(answer: Answer) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(request=answer.request, decision="allowed"))


def named(events: list[AuditEvent]) -> set[Shown]:
    """What these lines say was shown, with what holds it: a crumb names the lot of a dossier."""
    found = set()
    for event in events:
        if event.object_id.isdecimal():
            found.add(Shown(event.object_type, int(event.object_id)))
        found |= {Shown(event.object_type, pk) for pk in event.object_ids}
    return found | {holder for shown in found for holder in holders(shown)}


def holders(shown: Shown) -> Iterator[Shown]:
    model = next((one for one in protected_models() if one._meta.label_lower == shown.kind), None)
    row: Any = model and model._base_manager.filter(pk=shown.pk).first()
    if row is None:
        return
    for name in (*row.parents, *(["programme"] if shown.kind == "digitization.lot" else [])):
        parent: Protected = getattr(row, name)
        above = Shown(parent._meta.label_lower, parent.pk)
        yield above
        yield from holders(above)


@pytest.mark.parametrize("door", by_shift(OPENED), ids=str)
def test_whatever_a_page_shows_is_written_down(walk: Walk, door: Door) -> None:
    world, missing, silent = walk.world, {}, []
    kwargs = door.kwargs(world.own) if door.kwargs else {}
    for who in sorted(door.roles & set(world.clients) - {*POWERLESS}):
        for htmx in (False, True) if door.partial else (False,):
            answer = ask(world.clients[who], door, kwargs, htmx=htmx)
            events = written(answer)
            if left := (linked(answer) | told(answer)) - named(events):
                missing[who, htmx] = left
            if not events and not htmx and answer.status == 200:
                silent.append(who)
    assert not missing, "shown, and not on the trail"
    assert bool(silent) == (door.name in QUIET), silent


API = re.compile(r"/api/v1/(tasks|members)/(\d+/)?(\?|$)")  # not the parts of a record
API_KINDS = {"tasks": "campaign.task", "members": "records.member"}


def told(answer: Answer) -> set[Shown]:
    """Records that the API hands out."""
    asked = API.match(answer.url)
    if asked is None or answer.status != 200:
        return set()
    kind = API_KINDS[asked[1]]
    said = json.loads(answer.body)
    return {Shown(kind, row["id"]) for row in said.get("results", [said])}


WITH_RECORD = [door for door in OPENED if door.kwargs and not door.fixed and door.name not in QUIET]


@pytest.mark.parametrize("door", by_shift(WITH_RECORD), ids=str)
def test_a_record_that_is_read_stands_there_with_its_place_and_why(walk: Walk, door: Door) -> None:
    """Number, level and unit as they were at that moment, and which role or grant allowed it."""
    world = walk.world
    assert door.kwargs is not None
    who = sorted(door.roles & set(world.clients) - {*POWERLESS})[0]
    events = written(ask(world.clients[who], door, door.kwargs(world.own)))
    kinds = {model._meta.label_lower for model in protected_models()}
    read = [event for event in events if event.object_type in kinds and event.object_id]
    assert all(event.object_level is not None and event.object_path for event in read)
    assert all(event.allowed_by for event in read if event.action == "read")
    assert all(event.session and event.actor_name and event.address for event in events)
    # Exports are no protected rows; theirs are asked for in tests/digitization.
    elsewhere = door.name.startswith(("security:", "digitization:export"))
    assert read or elsewhere or door.name == "digitization:page_image"


CHANGING = sorted(
    {door for door in WALKED if door.method == "POST" and door.status == 302 and door.roles},
    key=str,
)


@pytest.mark.parametrize("door", by_shift(CHANGING), ids=str)
def test_whoever_changes_something_is_written_down(walk: Walk, door: Door) -> None:
    """Not every request of the walk changes something; those that do leave more than a reading."""
    world = walk.world
    kwargs = door.kwargs(world.own) if door.kwargs else {}
    who = sorted(door.roles & set(world.clients))[0]
    with transaction.atomic():
        before = state_of_all_tables()
        answer = ask(world.clients[who], door, kwargs, door.data(world.own))
        changed = set(changed_tables(before)) - NO_RECORDS
        actions = {event.action for event in written(answer)} - {"read", "list", "search"}
        transaction.set_rollback(True)
    assert actions or not changed, changed


# What one has read of one's own notices is no record.
NO_RECORDS = {"django_admin_log", "dashboard_notice"}
SAID = re.compile(r"nhamình|nhaminh|canary|CANARY|98765")


def test_the_trail_holds_numbers_and_no_content(walk: Walk) -> None:
    """No title, name of a record, text, term or value of any row of the walk, own or hidden.

    The frozen names of those who acted are there on purpose, and so is whom a role was given.
    """
    world = walk.world
    for door in WALKED:
        kwargs = door.kwargs(world.own) if door.kwargs else {}
        for who in sorted(door.roles & set(world.clients))[:2]:
            with transaction.atomic():
                ask(world.clients[who], door, kwargs, door.data(world.own))
                if door.method == "POST":
                    found = _content()
                    transaction.set_rollback(True)
                    assert not found, door
    assert not _content()


def _content() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT action, concat_ws('|', object_type, object_id, fields, allowed_by, reason)"
            " FROM security_auditevent WHERE request <> '' AND action !~ '^role[.]'"
        )
        return [(action, said) for action, said in cursor.fetchall() if SAID.search(said)]
