"""What the attack tests share: somebody with rights here, somebody's rows there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from campaign.models import Task
from campaign.rules import ZONE
from digitization.models import Page
from security import files
from security.models import AuditEvent, Unit, User
from tests.campaign.make import make_campaign, make_task
from tests.digitization.make import Room, make_dossier, make_pages, make_room
from tests.security.make import grant_role, make_officer, make_unit, make_user
from tests.walk.asking import changed_tables, state_of_all_tables


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def denials(user: User) -> int:
    return AuditEvent.objects.filter(actor_id=user.pk, decision="denied").count()


@dataclass
class Two:
    """Two tasks of one campaign, in two units; the owner of the first works there."""

    mine: Task
    theirs: Task
    worker: User

    @property
    def unit(self) -> Unit:
        return self.mine.unit


def two_tasks() -> Two:
    today = timezone.now().astimezone(ZONE).date()
    start = today - timedelta(days=(today.weekday() - 4) % 7)
    campaign = make_campaign(start=start)
    terms: dict[str, Any] = {"now": timezone.now(), "deadline": timezone.now() + timedelta(days=40)}
    mine = make_task(campaign=campaign, products=2, **terms)
    theirs = make_task(campaign=campaign, title="Việc kín canaryxyz", **terms)
    assert mine.owner is not None
    grant_role(mine.owner, "unit_staff", mine.unit)
    return Two(mine, theirs, mine.owner)


def two_pages() -> tuple[Room, Page, Page]:
    """One's own room and page, and a page of another room."""
    room, other = make_room(), make_room()
    mine = make_pages(make_dossier(room), state="done", text="lời của mình")[0]
    theirs = make_pages(make_dossier(other), state="done", text="lời canaryxyz")[0]
    return room, mine, theirs


def with_picture(page: Page) -> Page:
    blob = files.receive(
        [b"\xff\xd8\xff canaryxyz"], unit=page.unit, level=page.level, max_bytes=100
    ).blob
    Page.objects.filter(pk=page.pk).update(derivative=blob, thumbnail=blob)
    page.refresh_from_db()
    return page


class Unchanged:
    """``with Unchanged():`` — nothing in any table changes inside."""

    def __enter__(self) -> None:
        self.before = state_of_all_tables()

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            changed = changed_tables(self.before)
            assert not changed, changed


__all__ = [
    "Two",
    "Unchanged",
    "client_of",
    "denials",
    "grant_role",
    "make_officer",
    "make_unit",
    "make_user",
    "two_pages",
    "two_tasks",
    "with_picture",
]
