"""The home of people in units: their tasks, what waits for them, at a fixed price."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaign.models import Acceptance, Campaign, Product, Submission, Task
from campaign.services import may_accept, report_progress, submit_product
from dashboard.selectors import hand_ins_to_grade, remedies_of
from dashboard.unit_home import UnitPage, unit_page
from security.models import User
from tests.dashboard.conftest import signed_in_as

pytestmark = pytest.mark.django_db
QUERIES = {"chuyenvien": 22, "donvi": 30}  # the head of a unit has its board too


def person(username: str) -> User:
    return User.objects.get(username=username)


def page_of(username: str) -> UnitPage:
    return unit_page(person(username), timezone.now())


@pytest.mark.parametrize("username", ["donvi", "chuyenvien"])
def test_my_tasks_are_those_i_own(campaign: Campaign, username: str) -> None:
    mine = page_of(username).parts[0]
    assert sorted(row.title for row in mine.rows) == sorted(
        Task.objects.active().filter(owner=person(username)).values_list("title", flat=True)
    )


def test_other_tasks_of_the_unit_follow_with_their_owners(campaign: Campaign) -> None:
    units, user = page_of("chuyenvien").parts[1], person("chuyenvien")
    running = Task.objects.active().filter(unit=user.unit)
    assert len(units.rows) == running.exclude(owner=user).count()
    assert all(row.owner for row in units.rows)


@pytest.mark.parametrize("username", ["donvi", "chuyenvien"])
def test_each_link_lists_what_it_counts(campaign: Campaign, username: str) -> None:
    client = signed_in_as(username)
    for part in page_of(username).parts:
        told = int(re.findall(r"\d+", part.link)[0])
        assert client.get(part.url).context["page"].paginator.count == told


def test_red_comes_first_and_says_why(campaign: Campaign) -> None:
    rows = page_of("donvi").parts[0].rows
    order = ["red", "yellow", "green", "grey"]
    ranks = [min(order.index(row.light), 2) for row in rows]
    assert ranks == sorted(ranks)
    assert all(row.reason and row.due is not None for row in rows)


def test_reporting_is_one_tap_away(campaign: Campaign) -> None:
    client = signed_in_as("chuyenvien")
    row = page_of("chuyenvien").parts[0].rows[0]
    assert row.report_url in client.get("/").content.decode()
    assert 'id="report"' in client.get(row.url).content.decode()


def test_the_head_of_a_unit_turns_back_to_an_earlier_day(campaign: Campaign) -> None:
    client, now = signed_in_as("donvi"), timezone.now()
    then = now - timedelta(days=7)
    at = timezone.localtime(then).strftime("%Y-%m-%dT%H:%M")
    page = client.get("/", {"at": at}).context["page"]
    assert page.past
    assert (page.parts, page.waits, page.changes) == ((), (), ())
    shown = {tile.count.light: tile.count.number for tile in page.board.tiles}
    unit = person("donvi").unit
    counted = Counter(task.lit for task in Task.objects.filter(unit=unit).lit(page.as_of))
    assert shown == {light: counted[light] for light in shown}
    for tile in page.board.tiles:
        listed = client.get(tile.count.url).context["page"].paginator.count
        assert listed == tile.count.number
    said = client.get("/", {"at": at}).content.decode()
    assert 'class="notice notice-past"' in said
    assert 'id="home-live" class="stack">' in said  # what is past is not asked for again
    assert 'href="/">' in said


def test_whoever_heads_no_unit_has_no_past_home(campaign: Campaign) -> None:
    at = timezone.localtime(timezone.now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    answer = signed_in_as("chuyenvien").get("/", {"at": at})
    assert not answer.context["page"].past
    assert 'class="notice' in answer.content.decode()


def test_a_report_is_seen_at_once(campaign: Campaign) -> None:
    user = person("chuyenvien")
    task = Task.objects.active().owned_by(user).order_by("pk").first()
    assert task is not None
    client = signed_in_as("chuyenvien")
    etag = client.get("/").headers["ETag"]
    unchanged = client.get("/", headers={"hx-request": "true", "if-none-match": etag})
    assert unchanged.status_code == 204
    report_progress(actor=user, task=task, percent=77, note="Xong phần một", now=timezone.now())
    answer = client.get("/", headers={"hx-request": "true", "if-none-match": etag})
    assert answer.status_code == 200
    said = answer.content.decode()
    assert said.lstrip().startswith('<div id="home-live"')
    assert "77%" in said
    assert "Xong phần một" in said


def test_remedies_wait_for_the_person_named(campaign: Campaign) -> None:
    graded = Acceptance.objects.filter(grade__in=["B", "C"], remediate_by__username="donvi")
    waiting = [
        one for one in graded if not one.submission.product.submissions.filter(round__gt=1).exists()
    ]
    assert waiting
    assert {one.pk for one in remedies_of(person("donvi"))} == {one.pk for one in waiting}
    assert page_of("donvi").waits
    assert not remedies_of(person("chuyenvien"))


def test_an_answered_remedy_no_longer_waits(campaign: Campaign) -> None:
    user = person("donvi")
    before = remedies_of(user)
    submit_product(
        actor=user,
        product=before[0].submission.product,
        statement="Đã bổ sung",
        now=timezone.now(),
    )
    assert len(remedies_of(user)) == len(before) - 1


def test_nothing_waits_at_a_task_that_was_cancelled(campaign: Campaign) -> None:
    user = person("donvi")
    before = remedies_of(user)
    task = before[0].submission.product.task
    Task.objects.filter(pk=task.pk).update(state="cancelled", light="")
    assert [one.submission.product.task_id for one in remedies_of(user)] == [
        one.submission.product.task_id
        for one in before
        if one.submission.product.task_id != task.pk
    ]


def test_nothing_waits_in_a_closed_campaign(campaign: Campaign) -> None:
    now, head, office = timezone.now(), person("donvi"), person("vanphong")
    for product in Product.objects.filter(task__state="active", submissions=None)[:5]:
        owner = product.task.owner
        assert owner is not None
        submit_product(actor=owner, product=product, statement="Đủ", now=now)
    assert remedies_of(head)
    assert hand_ins_to_grade(office, now)
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=now, closed_by=office)
    assert not remedies_of(head)
    assert not hand_ins_to_grade(office, now)


def test_hand_ins_to_grade_agree_with_the_rule(campaign: Campaign) -> None:
    now = timezone.now()
    for product in Product.objects.filter(task__state="active", submissions=None)[:25]:
        owner = product.task.owner
        assert owner is not None
        submit_product(actor=owner, product=product, statement="Đủ", now=now)
    waiting = list(Submission.objects.filter(acceptance=None).select_related("product__task"))
    assert len(waiting) > 10
    for user in User.objects.filter(role_grants__isnull=False).distinct():
        visible = set(Product.objects.visible_to(user).values_list("pk", flat=True))
        expected = [
            one
            for one in sorted(waiting, key=lambda one: (one.at, one.pk))
            if one.product_id in visible
            and one.unit_id != user.unit_id
            and may_accept(user, one.product, now)
        ]
        found = hand_ins_to_grade(user, now)
        assert {one.pk for one in found} <= {one.pk for one in expected}, user.username
        assert len(found) == min(10, len(expected)), user.username


@pytest.mark.parametrize("username", ["donvi", "chuyenvien"])
def test_a_bounded_number_of_queries(campaign: Campaign, username: str) -> None:
    client = signed_in_as(username)
    client.get("/")
    with CaptureQueriesContext(connection) as caught:
        client.get("/")
    assert len(caught) <= QUERIES[username]


def test_more_tasks_cost_no_query_more(campaign: Campaign) -> None:
    client = signed_in_as("chuyenvien")
    client.get("/")
    with CaptureQueriesContext(connection) as before:
        client.get("/")
    Task.objects.active().update(owner=person("chuyenvien"))
    with CaptureQueriesContext(connection) as after:
        client.get("/")
    assert len(after) <= len(before)
