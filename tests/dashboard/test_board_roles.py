"""Each role's own board: what it begins with, and every number as long as its list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from campaign.models import (
    Block,
    Campaign,
    DeadlineRequest,
    Light,
    LightTransition,
    ProgressReport,
    Task,
)
from campaign.rules import start_of
from campaign.selectors import TaskFilter
from campaign.selectors.chasing import OBSTACLE, PRODUCT, REPORT, chase_counts, week_began
from campaign.selectors.structure import Structure, structure_at
from campaign.services import report_progress
from dashboard.checkpoint import NextCheckpoint, Question
from dashboard.moments import thursdays_around
from dashboard.unit_home import unit_page
from security.models import User
from tests.dashboard.conftest import signed_in_as
from tests.dashboard.test_board import listed, numbers_of, page_of

pytestmark = pytest.mark.django_db


def person(username: str) -> User:
    return User.objects.get(username=username)


def frame_now() -> Structure:
    frame = structure_at(timezone.now())
    assert frame is not None
    return frame


def wrong_numbers(
    username: str, numbers: Iterator[tuple[str, int, str]]
) -> dict[str, tuple[int, int, str]]:
    """Figures that are not the length of their list; each list is asked for once."""
    client = signed_in_as(username)
    wrong: dict[str, tuple[int, int, str]] = {}
    for what, number, url in {url: one for one in numbers if (url := one[2])}.values():
        if number and (rows := listed(client, url)) != number:
            wrong[what] = (number, rows, url)
    return wrong


# --- every number opens its list --------------------------------------------------------


def test_a_deputy_heads_numbers_are_the_lengths_of_their_lists(campaign: Campaign) -> None:
    assert wrong_numbers("photruong", numbers_of(page_of("photruong"))) == {}


def test_the_offices_numbers_are_the_lengths_of_their_lists(campaign: Campaign) -> None:
    page = page_of("vanphong")
    own = [
        *((chase.words, chase.number, chase.url) for chase in page.chases),
        *((one.words, one.number, one.url) for one in _questions(page.next_checkpoint)),
    ]
    assert len(own) == 9
    assert wrong_numbers("vanphong", iter(own)) == {}


def _questions(checkpoint: NextCheckpoint | None) -> tuple[Question, ...]:
    return checkpoint.questions if checkpoint else ()


def test_a_unit_heads_numbers_are_the_lengths_of_their_lists(campaign: Campaign) -> None:
    page = unit_page(person("donvi"), timezone.now())
    assert page.board is not None
    assert wrong_numbers("donvi", numbers_of(page.board)) == {}


# --- what each begins with --------------------------------------------------------------


def test_a_deputy_head_begins_with_his_blocks_and_reaches_the_rest(campaign: Campaign) -> None:
    client = signed_in_as("photruong")
    own, every = client.get("/board/"), client.get("/board/?scope=all")
    names = set(Block.objects.filter(deputy__username="photruong").values_list("name", flat=True))
    assert {row.name for row in own.context["page"].by_block.rows} <= names
    assert every.context["page"].total > own.context["page"].total
    assert [scope.here for scope in own.context["page"].scopes] == [True, False]
    for scope in own.context["page"].scopes:
        assert scope.words in own.content.decode()
        assert client.get(scope.url).status_code == 200


def test_nobody_else_is_offered_parts_of_the_campaign(campaign: Campaign) -> None:
    assert page_of("truongban").scopes == page_of("vanphong").scopes == ()


def test_the_office_alone_is_told_whom_to_chase(campaign: Campaign) -> None:
    assert page_of("truongban").chases == page_of("photruong").chases == ()
    assert [chase.kind for chase in page_of("vanphong").chases] == [REPORT, OBSTACLE, PRODUCT]
    said = signed_in_as("vanphong").get("/board/").content.decode()
    assert "Obstacle tickets are not kept here yet" in said


def test_a_unit_head_has_his_unit_and_a_member_of_staff_his_own_tasks(campaign: Campaign) -> None:
    head, staff = (unit_page(person(name), timezone.now()) for name in ("donvi", "chuyenvien"))
    unit = person("donvi").unit
    assert head.board is not None
    assert head.board.total == Task.objects.on_board().filter(unit=unit).count()
    assert [part.name for part in head.parts] == ["mine"]
    assert staff.board is None
    assert [part.name for part in staff.parts] == ["mine", "unit"]
    said = signed_in_as("donvi").get("/").content.decode()
    for word in ('id="exceptions"', 'id="checkpoint"', 'id="trend"', "tiles-lights"):
        assert word in said
        assert word not in signed_in_as("chuyenvien").get("/").content.decode()


# --- what is chased ---------------------------------------------------------------------


def test_whoever_reports_is_no_longer_chased(campaign: Campaign) -> None:
    now, user, frame = timezone.now(), person("vanphong"), frame_now()
    before = chase_counts(user, frame, TaskFilter(), at=now)
    task = (
        Task.objects.active()
        .exclude(light__in=["grey", "red"])
        .filter(products__submissions=None)
        .exclude(reports__at__gte=week_began(frame, now))
        .first()
    )
    assert task is not None
    report_progress(actor=user, task=task, percent=50, note="Đang làm", now=now)
    after = chase_counts(user, frame, TaskFilter(), at=timezone.now())
    assert after[REPORT] == before[REPORT] - 1
    assert after[PRODUCT] == before[PRODUCT]


def test_a_red_task_is_chased_until_its_obstacle_is_told(campaign: Campaign) -> None:
    user, frame = person("vanphong"), frame_now()
    red = Task.objects.active().filter(light=Light.RED)
    silent = []
    for task in red:
        since = LightTransition.objects.filter(task=task, to_light="red").order_by("-number")[0]
        told = ProgressReport.objects.filter(task=task, obstacle=True)
        if not told.filter(at__gte=since.effective_at).exists():
            silent.append(task)
    assert 0 < len(silent) < red.count()
    now = timezone.now()
    assert chase_counts(user, frame, TaskFilter(), at=now)[OBSTACLE] == len(silent)
    report_progress(
        actor=user, task=silent[0], percent=50, note="Thiếu số liệu", obstacle=True, now=now
    )
    now = timezone.now()
    assert chase_counts(user, frame, TaskFilter(), at=now)[OBSTACLE] == len(silent) - 1


def test_an_unknown_thing_to_chase_shows_the_reports(campaign: Campaign) -> None:
    answer = signed_in_as("vanphong").get("/board/chase/?what=';--&unit=%27%22&at=2999-01-01")
    assert answer.status_code == 200
    assert answer.context["kind"] == REPORT


# --- obstacles, decisions, moments ------------------------------------------------------


def test_an_obstacle_stands_beside_its_task(campaign: Campaign) -> None:
    rows = page_of("truongban").exceptions
    told = [row for row in rows if row.obstacle]
    assert told
    for row in told:
        newest = ProgressReport.objects.filter(task=row.task_id).order_by("-at", "-pk")[0]
        assert newest.obstacle
        assert newest.note == row.obstacle


def test_whoever_was_asked_for_another_date_is_waited_for(campaign: Campaign) -> None:
    row = page_of("truongban").exceptions[0]
    task = Task.objects.get(pk=row.task_id)
    assert task.owner is not None
    assert task.deadline is not None
    DeadlineRequest.objects.create(
        task=task,
        old=task.deadline,
        new=task.deadline + timedelta(days=9),
        reason="Chờ số liệu",
        by=task.owner,
        at=timezone.now(),
    )
    again = next(one for one in page_of("truongban").exceptions if one.task_id == task.pk)
    assert again.waits_for == str(task.block.deputy if task.block else "")
    assert "decide" in again.next_step or "quyết định" in again.next_step


def test_page_and_program_are_told_the_same_person_to_wait_for(campaign: Campaign) -> None:
    task = Task.objects.active().filter(light="red", owner__isnull=False).first()
    assert task is not None
    DeadlineRequest.objects.create(
        task=task, old=task.deadline, new=task.deadline + timedelta(days=9), reason="Chờ số liệu",
        by=task.owner, at=timezone.now(),
    )  # fmt: skip
    client = signed_in_as("truongban")
    told = client.get("/api/v1/board/").json()["exceptions"]
    shown = {row.task_id: row.waits_for for row in page_of("truongban").exceptions}
    assert shown
    assert {one["id"]: one["waits_for"] for one in told if one["id"] in shown} == shown
    assert task.block is not None
    assert shown[task.pk] == str(task.block.deputy)
    waiting = [one for one in told if one["reasons"][0]["code"] == "awaiting_acceptance"]
    assert waiting
    assert all(one["waits_for"] != one["owner"] for one in waiting)


def test_thursdays_lead_from_one_briefing_to_the_next(campaign: Campaign) -> None:
    first, last, now = campaign.start, campaign.end, timezone.now()
    second_week = start_of(first) + timedelta(days=9)
    before, after = thursdays_around(second_week, first=first, last=last, now=now)
    assert before is not None
    assert after is not None
    assert before.at == f"{first + timedelta(days=6)}T08:00"
    assert after.at == f"{first + timedelta(days=13)}T08:00"
    client = signed_in_as("truongban")
    page = client.get(f"/board/?at={after.at}").context["page"]
    assert page.past
    assert page.earlier.at == before.at
    nothing, _later = thursdays_around(start_of(first), first=first, last=last, now=now)
    assert nothing is None
    long_after = thursdays_around(start_of(last) + timedelta(days=99), first=first, last=last,
                                  now=start_of(last) + timedelta(days=99))  # fmt: skip
    assert long_after[0] is not None
    assert long_after[1] is None


def test_a_closed_campaign_says_so(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(
        closed_at=timezone.now(), closed_by=person("vanphong")
    )
    assert (
        "This campaign was closed on" in signed_in_as("truongban").get("/board/").content.decode()
    )
