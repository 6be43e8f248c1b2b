"""The calendar: a deadline on its last day, briefings, what is named and what is only counted."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from campaign.models import Briefing, Product, Task
from campaign.rules import ZONE, end_of
from campaign.selectors import TaskFilter
from campaign.selectors.calendar import days_between
from campaign.selectors.structure import structure_at
from tests.campaign.make import make_task
from tests.campaign.test_views import client_of, head_of, running

pytestmark = pytest.mark.django_db
FIRST = range(1, 4)


def due_on(task: Task, day: date, *, before: bool = False, title: str = "Việc khác") -> Task:
    return make_task(
        campaign=task.campaign,
        now=timezone.now(),
        title=title,
        deadline=end_of(day, before=before),
    )


def page(task: Task, **query: str) -> str:
    answer = client_of(head_of(task)).get(reverse("campaign:calendar"), query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def today() -> date:
    return timezone.now().astimezone(ZONE).date()


def test_a_deadline_stands_on_its_last_day() -> None:
    task = running()
    day = today() + timedelta(days=4)
    plain = due_on(task, day)
    before = due_on(task, day, before=True)  # "trước X" is over when X begins
    user, now = head_of(task), timezone.now()
    frame = structure_at(now, task.campaign)
    assert frame is not None
    rows = TaskFilter().apply(user, task.campaign)
    span = (day - timedelta(days=1), day + timedelta(days=1))
    first, second, third = days_between(
        user, frame, rows, span, at=now, past=None, shown=5, places=FIRST
    )
    assert [one.pk for one in first.tasks] == [before.pk]
    assert [one.pk for one in second.tasks] == [plain.pk]
    assert third.empty


def test_more_than_fit_are_counted_and_all_stand_on_the_days_page() -> None:
    task = running()
    day = today() + timedelta(days=10)
    those = [due_on(task, day) for _ in range(6)]
    month = page(task, day=day.isoformat())
    cell = month[month.index('<table class="cal') :]
    assert sum(f"/tasks/{one.pk}/" in cell for one in those) == 3
    assert "còn 3 việc" in cell
    link = re.search(rf'href="(\?[^"]*day={day}[^"]*light=\w+)"[^>]*>6<', cell)
    assert link, "the number that opens the list"
    opened = client_of(head_of(task)).get(reverse("campaign:calendar") + link[1]).content.decode()
    assert opened.count("ledger-title") == 6


def test_briefings_weeks_and_products_with_a_date_of_their_own() -> None:
    task = running()
    day = today()
    Briefing.objects.create(campaign=task.campaign, day=day)
    Briefing.objects.create(campaign=task.campaign, day=day + timedelta(days=1), closing=True)
    product = task.products.get()
    product.deadline = end_of(day, before=False)
    product.save()
    text = page(task, view="day", day=day.isoformat())
    assert "Giao ban" in text
    assert product.title in text
    week = page(task, view="week", day=day.isoformat())
    assert "Hội nghị tổng kết" in page(task, view="week", day=(day + timedelta(days=1)).isoformat())
    assert product.title in week
    assert "Tuần" in week


def with_dates(task: Task, day: date, number: int, *, first: int = 10) -> list[str]:
    """So many products with that date of their own; their titles."""
    deadline = end_of(day, before=False)
    titles = [f"Báo cáo số {first + n:03}" for n in range(number)]
    Product.objects.bulk_create(
        Product(task=task, position=first + n, title=title, deadline=deadline)
        for n, title in enumerate(titles)
    )
    return titles


def test_many_products_of_one_day_leave_room_for_the_next() -> None:
    task = running()
    day = today().replace(day=12)
    those = with_dates(task, day, 201)
    (later,) = with_dates(task, day + timedelta(days=1), 1, first=500)
    month = page(task, day=day.isoformat())
    grid = month[month.index('<table class="cal') : month.index('<ol class="agenda')]
    assert later in grid
    assert sum(title in grid for title in those) == 3
    assert "còn 198 sản phẩm" in grid
    link = re.search(r'href="\?([^"]*)">còn 198 sản phẩm', grid)
    assert link, "the number that opens the day"
    seen: list[str] = []
    query = link[1]
    while query:
        answer = client_of(head_of(task)).get(f"{reverse('campaign:calendar')}?{query}")
        text = unescape(answer.content.decode())
        seen += [title for title in those if title in text]
        following = re.search(r'href="\?([^"]*)">còn \d+ sản phẩm', text)
        query = following[1] if following else ""
    assert seen == those


@pytest.mark.parametrize("number", ["0", "99999", "-1", "x", "²"])
def test_a_page_of_products_that_is_none_is_the_first(number: str) -> None:
    task = running()
    (title,) = with_dates(task, today(), 1)
    assert title in page(task, view="day", day=today().isoformat(), products=number)


def test_weeks_are_those_of_the_plan_and_months_whole_weeks() -> None:
    task = running()  # its campaign begins on a Friday
    week = page(task, view="week")
    heads = re.findall(r'<th scope="col">([^<]+)</th>', week)
    assert heads[0].lower() == "thứ sáu"
    month = page(task)
    heads = re.findall(r'<th scope="col">([^<]+)</th>', month)
    assert heads[0].lower() == "thứ hai"
    assert month.count('class="cal-day"') % 7 == 0


@pytest.mark.parametrize(
    ("start", "following"), [("2026-01-31", "2026-02-01"), ("2026-12-31", "2027-01-01")]
)
def test_from_the_last_day_of_a_month_one_gets_to_the_next(start: str, following: str) -> None:
    text = page(running(), day=start)
    assert re.search(rf'rel="next" href="[^"]*day={following}[&"]', text)


def test_an_empty_day_says_so() -> None:
    task = running()
    text = page(task, view="day", day="2031-01-01")
    assert "Không có việc đến hạn trong ngày" in text
