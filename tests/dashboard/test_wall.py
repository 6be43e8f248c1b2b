"""The wall of the briefing room: figures without a name, nothing that is not for the room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaign.models import Campaign, ProgressReport, Task
from campaign.services import take_snapshots
from dashboard.wall import wall_page
from security.models import AuditEvent, User
from tests.campaign.make import make_campaign
from tests.dashboard.conftest import signed_in_as
from tests.dashboard.test_board import QUERIES, page_of
from tests.security.make import make_classified

pytestmark = pytest.mark.django_db


def test_the_wall_names_nobody(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    for username in ("truongban", "photruong", "vanphong"):
        said = signed_in_as(username).get("/board/wall/").content.decode()
        people = User.objects.exclude(full_name="")
        assert people.count() > 20
        assert [one.full_name for one in people if one.full_name in said] == []
        assert [one.username for one in people if f">{one.username}<" in said] == []
        told = ProgressReport.objects.exclude(note="").values_list("note", flat=True)
        assert [note for note in told if len(note) > 12 and note in said] == []


def test_the_wall_has_the_boards_figures(campaign: Campaign) -> None:
    user = User.objects.get(username="truongban")
    page = wall_page(user, now=timezone.now())
    assert page is not None
    board = page_of("truongban")
    figures = {one.light: (one.number, one.before) for one in page.slides[0].figures}
    assert figures == {tile.count.light: (tile.count.number, tile.before) for tile in board.tiles}
    shown = [row.task_id for slide in page.slides for row in slide.tasks]
    assert shown == [row.task_id for row in board.exceptions][: len(shown)]
    groups = [s for s in page.slides if s.title == page.slides[3].title and s.kind == "slices"]
    assert sum(len(slide.slices) for slide in groups) == len(board.by_group.rows)
    assert page.checkpoint == board.next_checkpoint


@pytest.mark.parametrize("level", [2, 3])
def test_a_secret_task_is_a_number_on_the_wall_and_no_more(campaign: Campaign, level: int) -> None:
    user = User.objects.get(username="truongban")
    User.objects.filter(pk=user.pk).update(clearance=3)
    task = Task.objects.active().filter(light="red").first()
    assert task is not None
    before = signed_in_as("truongban").get("/board/wall/").content.decode()
    assert task.title in before or task.title.replace("'", "&#x27;") in before
    make_classified(task, level)
    task.refresh_from_db()
    assert not task.is_plain
    assert task.title not in signed_in_as("truongban").get("/board/wall/").content.decode()


def test_a_task_about_persons_does_not_hang(campaign: Campaign) -> None:
    task = Task.objects.active().filter(light="red").first()
    assert task is not None
    assert task.is_plain
    Task.objects.filter(pk=task.pk).update(sensitivity=1)
    user = User.objects.get(username="truongban")
    page = wall_page(user, now=timezone.now())
    assert page is not None
    assert task.pk not in page.shown
    rest = [slide for slide in page.slides if slide.kind == "tasks"]
    seen = Task.objects.visible_to(user).filter(pk=task.pk).exists()
    assert bool(rest[-1].note) is seen  # counted among "more on the board" where he may see it


def test_the_wall_asks_again_without_sending_again(campaign: Campaign) -> None:
    client = signed_in_as("vanphong")
    reads = AuditEvent.objects.filter(action="board.read")
    before = reads.count()
    first = client.get("/board/wall/")
    again = client.get(
        "/board/wall/", headers={"hx-request": "true", "if-none-match": first.headers["ETag"]}
    )
    assert again.status_code == 204
    assert len(again.content) + sum(len(k) + len(v) + 4 for k, v in again.headers.items()) < 1000
    assert reads.count() == before + 1
    Task.objects.filter(light="yellow").update(light="red")
    changed = client.get(
        "/board/wall/", headers={"hx-request": "true", "if-none-match": first.headers["ETag"]}
    )
    assert changed.content.decode().lstrip().startswith('<div id="wall-live"')


def test_the_wall_costs_no_more_than_the_board(campaign: Campaign) -> None:
    client = signed_in_as("vanphong")
    client.get("/board/wall/")
    with CaptureQueriesContext(connection) as caught:
        client.get("/board/wall/")
    assert len(caught) <= QUERIES


def test_others_find_no_wall(campaign: Campaign) -> None:
    for username in ("donvi", "chuyenvien", "sohoa"):
        assert signed_in_as(username).get("/board/wall/").status_code == 404


def test_the_board_of_a_named_campaign_leads_to_its_wall(campaign: Campaign) -> None:
    client = signed_in_as("truongban")
    assert 'href="/board/wall/"' in client.get("/board/").content.decode()
    make_campaign(unit=campaign.unit, start=campaign.start + timedelta(days=1))
    said = client.get(f"/board/?campaign={campaign.code}").content.decode()
    assert f'href="/board/wall/?campaign={campaign.code}"' in said
    page = client.get(f"/board/wall/?campaign={campaign.code}").context["page"]
    assert page.title == campaign.title
