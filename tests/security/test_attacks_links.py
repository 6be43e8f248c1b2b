"""Attacks on addresses of pictures: after sign-out, from another desk, in parts, after rights ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digitization.models import Page
from security import files
from security.models import AuditEvent
from tests.digitization.make import Room
from tests.security.attacks import Unchanged, client_of, denials, two_pages
from tests.security.links import picture
from tests.security.make import grant_role

pytestmark = pytest.mark.django_db
CANARY = b"canaryxyz"
RANGES: list[dict[str, Any]] = [
    {},
    {"HTTP_RANGE": "bytes=0-0"},
    {"HTTP_RANGE": "bytes=-9"},
    {"HTTP_RANGE": "bytes=3-,0-2"},
    {"HTTP_IF_RANGE": "*", "HTTP_RANGE": "bytes=0-1"},
    {"HTTP_SEC_FETCH_DEST": "document"},
]


def with_picture(page: Page) -> Page:
    blob = files.receive(
        [b"\xff\xd8\xff" + CANARY], unit=page.unit, level=page.level, max_bytes=100
    ).blob
    Page.objects.filter(pk=page.pk).update(derivative=blob, thumbnail=blob)
    page.refresh_from_db()
    return page


def body(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content


@pytest.fixture
def opened() -> tuple[Room, Page, Client]:
    room, mine, _theirs = two_pages()
    return room, with_picture(mine), client_of(room.operator)


@pytest.mark.parametrize("asked", RANGES)
@pytest.mark.parametrize("what", ["image", "thumbnail"])
def test_a_link_that_somebody_else_got_hold_of_opens_no_part(
    opened: tuple[Room, Page, Client], what: str, asked: dict[str, Any]
) -> None:
    """A colleague with the same rights, who could open the page himself: not by this link."""
    room, page, victim = opened
    stolen = picture(victim, page.pk, what)
    thief = client_of(room.inspector)
    before = denials(room.inspector)
    for method in ("get", "head"):
        answer = getattr(thief, method)(stolen, **asked)
        assert answer.status_code in (404, 405)
        assert CANARY not in body(answer)
        assert "Content-Range" not in answer.headers
    assert denials(room.inspector) > before
    anonymous = Client().get(stolen, **asked)
    assert anonymous.status_code == 302
    assert CANARY not in body(anonymous)


@pytest.mark.parametrize("asked", RANGES[:5])
def test_each_part_that_is_asked_for_is_a_read_of_its_own(
    opened: tuple[Room, Page, Client], asked: dict[str, Any]
) -> None:
    room, page, client = opened
    reads = AuditEvent.objects.filter(
        action="read", actor_id=room.operator.pk, object_id=str(page.pk), decision="allowed"
    )
    before = reads.count()
    client.get(picture(client, page.pk), **asked)
    assert reads.count() == before + 1


def test_a_link_does_not_outlive_its_session(opened: tuple[Room, Page, Client]) -> None:
    """Also not in the next session of the same person."""
    room, page, client = opened
    links = [picture(client, page.pk, what) for what in ("image", "thumbnail")]
    assert [client.get(one).status_code for one in links] == [200, 200]
    client.post("/accounts/logout/")
    assert [client.get(one).status_code for one in links] == [302, 302]
    client.force_login(room.operator, backend="django.contrib.auth.backends.ModelBackend")
    before = denials(room.operator)
    assert [client.get(one).status_code for one in links] == [404, 404]
    assert denials(room.operator) == before + 2
    assert client.get(picture(client, page.pk)).status_code == 200


def test_a_link_ends_with_the_right_that_it_was_made_under(
    opened: tuple[Room, Page, Client],
) -> None:
    room, page, client = opened
    grant_role(room.operator, "member")  # he stays signed in
    links = [picture(client, page.pk, what) for what in ("image", "thumbnail")]
    assert [client.get(one).status_code for one in links] == [200, 200]
    room.operator.role_grants.filter(role="operator").update(
        valid_to=timezone.now() - timedelta(seconds=1)
    )
    with Unchanged():
        for one in links:
            answer = client.get(one)
            assert answer.status_code in (302, 404)
            assert CANARY not in body(answer)


def test_a_link_ends_when_the_page_is_raised_above_its_reader(
    opened: tuple[Room, Page, Client],
) -> None:
    room, page, client = opened
    link = picture(client, page.pk)
    assert client.get(link).status_code == 200
    Page.objects.filter(pk=page.pk).update(sensitivity=2)
    room.operator.role_grants.update(max_sensitivity=1)
    answer = client.get(link, HTTP_RANGE="bytes=0-3")
    assert answer.status_code == 404
    assert CANARY not in body(answer)


def test_no_page_sends_its_address_abroad(opened: tuple[Room, Page, Client]) -> None:
    _room, page, client = opened
    shown = client.get(f"/digitization/pages/{page.pk}/")
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert b"http://" not in shown.content.replace(b"http://www.w3.org", b"")
    answer = client.get(picture(client, page.pk))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store, private"
