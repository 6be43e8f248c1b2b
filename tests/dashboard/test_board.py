"""The leaders' board: every number is the length of the list behind it, at a fixed price."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaign.models import Block, Campaign, Phase, Product, Task
from campaign.rules import start_of
from campaign.selectors.board import week_before
from campaign.services import report_progress
from dashboard.board import EXCEPTIONS_SHOWN, board_page
from dashboard.board_page import BoardPage
from dashboard.context import is_demo
from dashboard.words import change_words
from security.models import AuditEvent, User
from tests.dashboard.conftest import signed_in_as
from tests.security.make import make_classified

pytestmark = pytest.mark.django_db
LEADERS = ["truongban", "photruong", "vanphong"]
QUERIES = 15


def page_of(username: str, at: datetime | None = None, scope: str = "") -> BoardPage:
    page = board_page(User.objects.get(username=username), at, now=timezone.now(), scope=scope)
    assert page is not None
    return page


def numbers_of(page: BoardPage) -> Iterator[tuple[str, int, str]]:
    """(what, number, address) of every figure on the board that counts something."""
    yield "exceptions", page.exception_count, page.exceptions_url
    yield from tile_numbers(page)
    yield from tally_numbers(page)
    for question in page.next_checkpoint.questions if page.next_checkpoint else ():
        yield question.words, question.number, question.url
    for chase in page.chases:
        yield chase.words, chase.number, chase.url
    for week in page.trend.rows:
        for figure in week.figures:
            yield f"{week.name} {figure.light}", figure.number, figure.url


def tile_numbers(page: BoardPage) -> Iterator[tuple[str, int, str]]:
    for tile in page.tiles:
        yield f"tile {tile.count.light}", tile.count.number, tile.count.url
        if tile.late:
            yield "done late", tile.late, tile.late_url
        if tile.before is not None:
            yield f"{tile.count.light} a week ago", tile.before, tile.before_url


def tally_numbers(page: BoardPage) -> Iterator[tuple[str, int, str]]:
    for tally in (page.by_block, page.by_group, page.by_unit):
        for row in tally.rows:
            yield f"{tally.name} {row.name}", row.total, row.url
            for count in row.counts:
                yield f"{tally.name} {row.name} {count.light}", count.number, count.url
    for line in page.matrix:
        yield f"due of {line.name}", line.due, line.due_url


def listed(client: Client, url: str) -> int:
    """Rows behind an address, counted on all its pages."""
    rows, number = 0, 1
    while True:
        response = client.get(f"{url}&page={number}" if number > 1 else url)
        assert response.status_code == 200, url
        rows += len(re.findall(rb'class="ledger-title"', response.content))
        if not response.context["page"].has_next():
            return rows
        number += 1


# --- who sees it ------------------------------------------------------------------------


@pytest.mark.parametrize("username", LEADERS)
def test_leaders_open_the_board(campaign: Campaign, username: str) -> None:
    response = signed_in_as(username).get("/board/")
    assert response.status_code == 200
    assert campaign.title in response.content.decode()


@pytest.mark.parametrize(
    "username",
    ["donvi", "chuyenvien", "sohoa", "kiemtra", "hoso", "chibo", "dangvien", "anninh", "quantri"],
)
def test_others_find_nothing_there(campaign: Campaign, username: str) -> None:
    response = signed_in_as(username).get("/board/")
    assert response.status_code == 404
    assert campaign.title not in response.content.decode()


def test_a_deputy_head_sees_his_blocks_first(campaign: Campaign) -> None:
    deputy = User.objects.get(username="photruong")
    rows = page_of("photruong").by_block.rows
    own = set(Block.objects.filter(deputy=deputy).values_list("name", flat=True))
    assert {row.name for row in rows if row.mine} <= own
    assert rows[0].mine
    marks = [row.mine for row in rows]
    assert marks == sorted(marks, reverse=True)


def test_a_deputy_head_sees_no_other_tasks(campaign: Campaign) -> None:
    page = page_of("photruong", scope="all")
    visible = Task.objects.on_board().visible_to(User.objects.get(username="photruong"))
    assert page.total == visible.count() < Task.objects.on_board().count()
    own = visible.filter(block__deputy__username="photruong")
    assert page_of("photruong").total == own.count() < visible.count()


# --- numbers and lists ------------------------------------------------------------------


@pytest.mark.parametrize("username", ["truongban", "photruong"])
def test_every_number_is_the_length_of_its_list(campaign: Campaign, username: str) -> None:
    client = signed_in_as(username)
    wrong = {
        what: (number, url)
        for what, number, url in numbers_of(page_of(username))
        if number and listed(client, url) != number
    }
    assert wrong == {}


def test_numbers_of_a_past_day_are_those_of_its_lists(campaign: Campaign) -> None:
    at = start_of(campaign.start) + timedelta(days=11, hours=8)
    client = signed_in_as("truongban")
    page = page_of("truongban", at)
    assert page.past
    found = {
        what: (number, listed(client, url)) for what, number, url in numbers_of(page) if number
    }
    assert {what: pair for what, pair in found.items() if pair[0] != pair[1]} == {}


def test_every_number_stands_in_the_page_with_its_link(campaign: Campaign) -> None:
    response = signed_in_as("truongban").get("/board/")
    said = response.content.decode()
    for what, number, url in numbers_of(response.context["page"]):
        if number:
            assert escape(url) in said, what


def test_lights_add_up_to_the_plan(campaign: Campaign) -> None:
    page = page_of("truongban")
    assert sum(tile.count.number for tile in page.tiles) == page.total == 74
    for tally in (page.by_group, page.by_block, page.by_unit):
        for row in tally.rows:
            assert sum(count.number for count in row.counts) == row.total
    assert sum(row.total for row in page.by_unit.rows) == 74


def test_change_is_against_a_week_ago(campaign: Campaign) -> None:
    page = page_of("truongban")
    before = page_of("truongban", week_before(page.as_of))
    earlier = {tile.count.light: tile.count.number for tile in before.tiles}
    for tile in page.tiles:
        assert tile.before == earlier[tile.count.light], tile.count.light
        change = tile.count.number - tile.before
        assert tile.change == change_words(change)


def test_the_first_week_is_compared_with_none(campaign: Campaign) -> None:
    page = page_of("truongban", start_of(campaign.start) + timedelta(days=3))
    assert {tile.before for tile in page.tiles} == {None}


# --- exceptions -------------------------------------------------------------------------


def test_exceptions_say_why_and_who_is_waited_for(campaign: Campaign) -> None:
    rows = page_of("truongban").exceptions
    assert rows
    for row in rows:
        assert row.reasons
        assert row.waits_for
        assert row.next_step
        assert row.due is not None


def test_red_comes_before_yellow(campaign: Campaign) -> None:
    lights = [row.light for row in page_of("truongban").exceptions]
    assert lights == sorted(lights)  # "red" < "yellow"
    assert set(lights) == {"red", "yellow"}


def test_a_dozen_is_shown_and_the_rest_is_a_link(campaign: Campaign) -> None:
    Task.objects.active().filter(light__in=["green", "grey"]).update(light="red")
    response = signed_in_as("truongban").get("/board/")
    page = response.context["page"]
    assert len(page.exceptions) == EXCEPTIONS_SHOWN < page.exception_count
    link = f'"{escape(page.exceptions_url)}"'
    assert response.content.decode().count(link) == 2


def test_nothing_red_is_said_aloud(campaign: Campaign) -> None:
    Task.objects.active().filter(light="red").update(light="yellow")
    assert "No red task" in signed_in_as("truongban").get("/board/").content.decode()
    Task.objects.active().update(light="green")
    said = signed_in_as("truongban").get("/board/").content.decode()
    assert "No red task" in said
    assert "Nothing is late" in said


def test_nothing_visible_is_not_the_same_as_nothing_red(campaign: Campaign) -> None:
    for task in Task.objects.all():
        make_classified(task, 2)
    said = signed_in_as("truongban").get("/board/").content.decode()
    assert "No task to show" in said
    assert "No red task" not in said


# --- the matrix -------------------------------------------------------------------------


def test_the_matrix_has_the_plans_45_cells_in_its_own_words(campaign: Campaign) -> None:
    response = signed_in_as("truongban").get("/board/")
    page = response.context["page"]
    cells = [cell for line in page.matrix for cell in line.cells if cell.words]
    assert len(page.matrix) == 8
    assert all(len(line.cells) == 7 for line in page.matrix)
    assert len(cells) == 45
    assert {cell.words for cell in cells} >= {"Khởi động", "Đầu bài số", "Kế hoạch Quý III"}
    milestones = Task.objects.filter(kind=Task.Kind.MILESTONE).values_list("focus", flat=True)
    assert sorted(cell.words for cell in cells) == sorted(milestones)
    said = response.content.decode()
    for cell in cells:
        assert f'href="{cell.url}" class="light light-{cell.light}">{escape(cell.words)}' in said


def test_each_cell_leads_to_its_task(campaign: Campaign) -> None:
    line = page_of("truongban").matrix[2]
    client = signed_in_as("truongban")
    cells = [cell for cell in line.cells if cell.url]
    assert len(cells) == 6  # the plan leaves week 1 of this row blank
    for cell in cells:
        assert cell.words in client.get(cell.url).content.decode()


def test_the_week_in_hand_is_marked(campaign: Campaign) -> None:
    weeks = page_of("truongban").weeks
    phase = Phase.objects.get(start__lte=timezone.localdate(), end__gte=timezone.localdate())
    assert [number for number, week in enumerate(weeks, 1) if week.is_now] == [phase.no] == [4]


# --- what it costs ----------------------------------------------------------------------


def queries(client: Client, url: str = "/board/", **headers: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url, headers=headers).status_code == 200
    return len(caught)


def more_tasks(campaign: Campaign, times: int) -> None:
    """The plan's tasks again, ``times`` over, all red: only their number matters."""
    copies = []
    for task in Task.objects.on_board().filter(campaign=campaign):
        fields = {f.attname: getattr(task, f.attname) for f in Task._meta.concrete_fields}
        fields |= {"id": None, "state": "draft", "light": "", "done_at": None}
        copies += [Task(**{**fields, "code": f"{task.code}x{n}"}) for n in range(times)]
    made = Task.objects.bulk_create(copies)
    Product.objects.bulk_create(Product(task=task, position=1, title="Thêm") for task in made)
    Task.objects.filter(pk__in=[task.pk for task in made]).update(state="active", light="red")


@pytest.mark.parametrize("username", LEADERS)
def test_at_most_fifteen_queries(campaign: Campaign, username: str) -> None:
    is_demo()  # asked once in ten minutes and a process
    assert queries(signed_in_as(username)) <= QUERIES


def test_ten_times_the_tasks_cost_no_query_more(campaign: Campaign) -> None:
    is_demo()
    client = signed_in_as("truongban")
    queries(client)
    before = queries(client)
    more_tasks(campaign, 9)
    assert page_of("truongban").total == 740
    assert queries(client) == before <= QUERIES


def test_a_past_day_costs_as_little(campaign: Campaign) -> None:
    is_demo()
    at = (start_of(campaign.start) + timedelta(days=11, hours=8)).strftime("%Y-%m-%dT%H:%M")
    assert queries(signed_in_as("truongban"), f"/board/?at={at}") <= QUERIES


# --- asking again -----------------------------------------------------------------------


def poll(client: Client, etag: str) -> Any:
    return client.get("/board/", headers={"hx-request": "true", "if-none-match": etag})


def test_unchanged_board_is_not_sent_again(campaign: Campaign) -> None:
    client = signed_in_as("truongban")
    first = client.get("/board/")
    assert first.status_code == 200
    again = poll(client, first.headers["ETag"])
    assert again.status_code == 204
    assert again.content == b""
    assert "boardCurrent" in json.loads(again.headers["HX-Trigger"])
    plain = client.get("/board/", headers={"if-none-match": first.headers["ETag"]})
    assert plain.status_code == 304


def test_changed_board_sends_its_living_part_only(campaign: Campaign) -> None:
    client = signed_in_as("truongban")
    etag = client.get("/board/").headers["ETag"]
    task = Task.objects.active().filter(light="yellow").order_by("pk").first()
    assert task is not None
    report_progress(
        actor=User.objects.get(username="vanphong"), task=task, percent=99, now=timezone.now()
    )
    Task.objects.filter(pk=task.pk).update(light="red")
    answer = poll(client, etag)
    assert answer.status_code == 200
    said = answer.content.decode()
    assert said.lstrip().startswith('<div id="board-live"')
    assert "<html" not in said
    assert answer.headers["ETag"] != etag


def test_whatever_shows_the_board_is_a_read_and_hearing_nothing_new_is_not(
    campaign: Campaign,
) -> None:
    client = signed_in_as("truongban")
    reads = AuditEvent.objects.filter(action="board.read")
    before = reads.count()
    etag = client.get("/board/").headers["ETag"]
    assert reads.count() == before + 1
    poll(client, etag)
    assert reads.count() == before + 1
    poll(client, "")
    assert reads.count() == before + 2


def test_partial_and_page_are_kept_apart(campaign: Campaign) -> None:
    assert "HX-Request" in signed_in_as("truongban").get("/board/").headers["Vary"]


# --- other moments ----------------------------------------------------------------------


def test_a_past_day_looks_different_and_is_not_refreshed(campaign: Campaign) -> None:
    at = (start_of(campaign.start) + timedelta(days=11, hours=8)).strftime("%Y-%m-%dT%H:%M")
    said = signed_in_as("truongban").get(f"/board/?at={at}").content.decode()
    assert 'class="is-past"' in said
    assert "Back to now" in said
    assert 'hx-get="/board/' not in said
    assert "day 12/47" in said


@pytest.mark.parametrize("at", ["2999-01-01T08:00", "yesterday", "2026-02-30", "'; --"])
def test_a_moment_that_is_none_shows_now_and_says_so(campaign: Campaign, at: str) -> None:
    response = signed_in_as("truongban").get("/board/", {"at": at})
    assert response.status_code == 200
    assert response.context["page"].past is False
    assert "That is not a past day and time" in response.content.decode()


def test_before_the_campaign_there_was_nothing_to_show(campaign: Campaign) -> None:
    at = (start_of(campaign.start) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    said = signed_in_as("truongban").get(f"/board/?at={at}").content.decode()
    assert "At that moment no task" in said
    assert "begins on" in said


def test_a_late_sweep_is_confessed(campaign: Campaign) -> None:
    client = signed_in_as("truongban")
    assert "should have been worked out" not in client.get("/board/").content.decode()
    late = Task.objects.active().filter(light="green").first()
    assert late is not None
    Task.objects.filter(pk=late.pk).update(next_change_at=timezone.now() - timedelta(minutes=9))
    assert "should have been worked out" in client.get("/board/").content.decode()


def test_the_board_speaks_vietnamese_by_default(campaign: Campaign) -> None:
    client = signed_in_as("truongban")
    del client.cookies["django_language"]
    said = client.get("/board/").content.decode()
    assert "Cần xử lý ngay" in said
    assert "Tuần 4/7" in said
