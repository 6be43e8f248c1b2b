"""The timeline: where a bar stands, which arrows are drawn, what is folded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from campaign import gantt
from campaign.models import Task, TaskGroup, TaskLink
from campaign.rules import end_of
from campaign.selectors import TaskFilter, timeline
from campaign.selectors.structure import structure_at
from tests.campaign.make import make_task, owner_of
from tests.campaign.test_views import client_of, head_of, running

FIRST, LAST = date(2026, 5, 15), date(2026, 6, 30)


# --- the drawing, without a database ----------------------------------------------------


def test_the_picture_holds_the_campaign_and_what_lies_near() -> None:
    scale = gantt.scale_of(FIRST, LAST, [date(2026, 7, 4), date(2026, 5, 10), date(2099, 1, 1)])
    assert (scale.first, scale.last) == (date(2026, 5, 10), date(2026, 7, 4))
    assert gantt.scale_of(FIRST, LAST, []) == gantt.Scale(FIRST, LAST)


def test_a_bar_begins_with_its_first_day_and_ends_with_its_last() -> None:
    scale = gantt.Scale(FIRST, LAST)
    bar = gantt.stroke(scale, 10, FIRST, LAST, 50, None)
    assert float(bar.x) == gantt.LABELS
    assert float(bar.x) + float(bar.width) == pytest.approx(gantt.WIDTH - 8, abs=0.2)
    assert float(bar.done) == pytest.approx(float(bar.width) / 2, abs=0.1)
    one_day = gantt.stroke(scale, 10, LAST, LAST, 0, FIRST)
    assert float(one_day.width) == pytest.approx(scale.day, abs=0.1)
    assert one_day.original == gantt.px(scale.x(FIRST + timedelta(days=1)))
    far = gantt.stroke(scale, 10, FIRST, date(2099, 1, 1), 0, None)
    assert far.cut
    assert float(far.x) + float(far.width) <= gantt.WIDTH


def test_coordinates_have_a_point_whatever_the_language() -> None:
    assert gantt.px(3.0) == "3"
    assert gantt.px(3.14159) == "3.1"


@pytest.mark.parametrize(
    ("end_a", "end_b", "late"),
    [
        (date(2026, 5, 20), date(2026, 5, 28), False),
        (date(2026, 5, 28), date(2026, 5, 28), False),
        (date(2026, 5, 29), date(2026, 5, 28), True),
    ],
)
def test_an_arrow_leads_to_who_waits(end_a: date, end_b: date, late: bool) -> None:
    scale = gantt.Scale(FIRST, LAST)
    arrow = gantt.arrow(scale, (end_a, 100), (end_b, 20))
    day = timedelta(days=1)
    assert arrow.path.startswith(f"M{gantt.px(scale.x(end_a + day))} 100H")
    assert arrow.path.endswith(f"V20H{gantt.px(scale.x(end_b + day) + 2)}")
    assert (arrow.top, arrow.bottom, arrow.late) == (20, 100, late)


def test_weeks_of_the_plan_or_months_stand_above() -> None:
    scale = gantt.Scale(FIRST, LAST)
    months = [f"T{n}" for n in range(1, 13)]
    weeks = [("Tuần 1", FIRST, FIRST + timedelta(days=6))]
    (week,) = gantt.ticks(scale, weeks, FIRST, months)
    assert (week.label, week.now) == ("Tuần 1", True)
    assert [tick.label for tick in gantt.ticks(scale, [], FIRST, months)] == ["T5", "T6"]
    assert len(gantt.day_ticks(scale, FIRST)) == 47
    years = gantt.Scale(date(2026, 1, 1), date(2030, 12, 31))
    long = gantt.ticks(years, weeks, FIRST, months)
    assert len(long) <= 14
    assert "2026" in long[0].label
    assert gantt.day_ticks(years, FIRST) == []
    assert gantt.weekends(years, 10) == ""
    assert gantt.weekends(scale, 10).count("z") == 14  # seven Saturdays, seven Sundays


def test_a_long_name_ends_at_a_word() -> None:
    assert gantt.two_lines("Lập danh mục", 20) == ("Lập danh mục", "")
    first, second = gantt.two_lines("một hai ba bốn năm sáu bảy tám chín mười", 12)
    assert first == "một hai ba"
    assert second == "bốn năm sáu…"
    assert gantt.two_lines("x" * 200, 10)[0] == "x" * 10


# --- on the page ------------------------------------------------------------------------


def depends(task: Task, other: Task, at: datetime) -> None:
    TaskLink.objects.create(task=task, other=other, kind="depends_on", by=None, at=at)


def page(task: Task, **query: str) -> str:
    return client_of(head_of(task)).get(reverse("campaign:timeline"), query).content.decode()


@pytest.mark.django_db
def test_an_arrow_joins_two_visible_tasks_and_tells_when_they_clash() -> None:
    task, now = running(), timezone.now()
    later = make_task(campaign=task.campaign, now=now, deadline=now + timedelta(days=50))
    depends(task, later, now)  # waits for what ends after it
    text = page(task)
    assert text.count('class="gantt-arrow is-late"') >= 1
    assert later.code in text[text.index('id="bars"') :]
    owner = client_of(owner_of(task)).get(reverse("campaign:timeline")).content.decode()
    assert 'class="gantt-arrow' not in owner
    assert later.code not in owner


@pytest.mark.django_db
def test_every_bar_is_a_link_that_says_what_it_is() -> None:
    task = running()
    text = unescape(page(task))
    row = text[text.index(f'<a class="gantt-row" href="/tasks/{task.pk}/">') :]
    title = row[row.index("<title>") : row.index("</title>")]
    for part in (task.code, task.title, task.unit.name, "0%"):
        assert part in title


@pytest.mark.django_db
def test_a_moved_deadline_shows_where_it_was() -> None:
    task = running()
    assert task.deadline is not None
    Task.objects.filter(pk=task.pk).update(deadline=task.deadline + timedelta(days=5))
    text = page(task)
    assert 'class="gantt-original"' in text
    assert "gantt-original" not in page(running())


@pytest.mark.django_db
def test_a_folded_group_keeps_its_numbers_and_hides_its_tasks() -> None:
    task = running()
    other = TaskGroup.objects.create(campaign=task.campaign, no=2, name="Nhóm hai")
    second = make_task(campaign=task.campaign, now=timezone.now(), group=other)
    third = make_task(campaign=task.campaign, now=timezone.now(), group=None)
    text = page(task, fold="1")
    assert f"/tasks/{task.pk}/" not in text
    assert "Nhóm một" in text
    for shown in (second, third):
        assert f"/tasks/{shown.pk}/" in text
    everything = page(task, fold="all")
    assert 'class="gantt-row"' not in everything
    assert "Đã gập tất cả" in everything
    assert everything.count('class="gantt-section"') == 3
    for by in ("unit", "block"):
        assert f"/tasks/{task.pk}/" in page(task, by=by)


@pytest.mark.django_db
def test_sections_count_by_hand() -> None:
    task, now = running(), timezone.now()
    for days in (20, 60):
        make_task(campaign=task.campaign, now=now, deadline=now + timedelta(days=days))
    user = head_of(task)
    rows = timeline.dated(TaskFilter().apply(user, task.campaign))
    (section,) = timeline.sections_of(rows, "group")
    assert section.counts.total() == 3
    assert section.first == task.campaign.start
    frame = structure_at(now, task.campaign)
    assert frame is not None
    bars = timeline.bars_of(
        timeline.in_order(rows, "group"), user=user, policy=frame.policy, at=now
    )
    assert section.last == max(bar.end for bar in bars)
    assert [bar.start for bar in bars] == sorted(bar.start for bar in bars)
    assert bars[0].line.deadline is not None
    assert end_of(bars[0].end, before=False) >= bars[0].line.deadline


@pytest.mark.django_db
def test_two_hundred_rows_a_page() -> None:
    task, now = running(), timezone.now()
    source = Task.objects.get(pk=task.pk)
    rows = []
    for number in range(204):
        copy = Task.objects.get(pk=task.pk)
        copy.pk, copy.code, copy.state, copy.light = None, f"D{number:03}", "draft", ""
        rows.append(copy)
    Task.objects.bulk_create(rows)
    assert source.owner is not None
    user = head_of(task)
    drafts = TaskFilter(state="draft").apply(user, task.campaign)
    assert timeline.dated(drafts).count() == 204
    made = [
        make_task(campaign=task.campaign, now=now, owner=source.owner, unit=source.unit)
        for _ in "ab"
    ]
    text = page(task)
    assert text.count('class="gantt-row"') == 1 + len(made)
