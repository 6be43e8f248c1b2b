"""The weekly figures: published ones for who sees all, own ones of the same instants else."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from campaign.models import Campaign, HandOver, Task, WeeklySnapshot
from campaign.selectors import TaskFilter
from campaign.selectors.structure import Structure, structure_at
from campaign.selectors.trend import Trend, trend_of
from campaign.services import take_snapshots
from dashboard.trend import _apart, _ceiling
from security.models import Unit, User
from tests.dashboard.conftest import signed_in_as
from tests.security.make import make_classified

pytestmark = pytest.mark.django_db


def frame_now() -> Structure:
    frame = structure_at(timezone.now())
    assert frame is not None
    return frame


def trend(username: str, base: TaskFilter | None = None) -> Trend:
    user = User.objects.get(username=username)
    return trend_of(user, frame_now(), base or TaskFilter(), until=timezone.now())


def seen_at(username: str, campaign: Campaign, base: TaskFilter) -> list[Counter[str]]:
    """Counted by the list of each instant."""
    user = User.objects.get(username=username)
    found = []
    for kept in WeeklySnapshot.objects.order_by("at"):
        rows = base.but(at=kept.at).apply(user, campaign)
        found.append(Counter(row.lit for row in rows))
    return found


def counts_of(found: Trend) -> list[Counter[str]]:
    return [Counter({k: n for k, n in week.counts.items() if n}) for week in found.weeks]


def test_who_sees_all_reads_the_frozen_figures(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    kept = WeeklySnapshot.objects.order_by("at")[0]
    # Frozen is frozen: what was published stays, even if a count of today would differ.
    WeeklySnapshot.objects.filter(pk=kept.pk).update(
        figures={**kept.figures, "lights": {**kept.figures["lights"], "red": 41}}
    )
    found = trend("truongban")
    assert found.frozen
    assert len(found.weeks) == 3
    assert found.weeks[0].counts["red"] == 41


@pytest.mark.parametrize("username", ["photruong", "chuyenvien"])
def test_who_sees_less_reads_his_own_of_the_same_instants(
    campaign: Campaign, username: str
) -> None:
    take_snapshots(now=timezone.now())
    found = trend(username)
    assert not found.frozen
    assert counts_of(found) == seen_at(username, campaign, TaskFilter())
    assert any(found.weeks[-1].counts.values())
    assert found.weeks[-1].total < trend("truongban").weeks[-1].total


@pytest.mark.parametrize(
    ("username", "base"),
    [("photruong", TaskFilter(deputy="me")), ("donvi", TaskFilter(unit="VCSDDV"))],
)
def test_a_part_has_its_part_of_the_figures(
    campaign: Campaign, username: str, base: TaskFilter
) -> None:
    take_snapshots(now=timezone.now())
    found = trend(username, base)
    assert found.frozen
    assert counts_of(found) == seen_at(username, campaign, base)
    assert any(found.weeks[-1].counts.values())


def test_one_hidden_task_gives_own_figures(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    hidden = Task.objects.filter(unit__code="VCSDDV").first()
    assert hidden is not None
    make_classified(hidden, 2)
    base = TaskFilter(unit="VCSDDV")
    found = trend("donvi", base)
    assert not found.frozen
    assert counts_of(found) == seen_at("donvi", campaign, base)


def handed_over(task: Task, to: Unit, *, week: int) -> None:
    """Another unit's since the middle of the week after this one."""
    old = task.owner
    assert old is not None
    new = User.objects.filter(unit=to).first() or old
    at = WeeklySnapshot.objects.order_by("at")[week - 1].at + timedelta(days=3)
    HandOver.objects.create(
        task=task, from_owner=old, to_owner=new, from_unit=task.unit, to_unit=to,
        reason="Đổi đầu mối", by=new, at=at,
    )  # fmt: skip
    Task.objects.filter(pk=task.pk).update(unit=to, unit_path=to.path, owner=new)


def hand_over_both_ways() -> tuple[Task, Task]:
    """One task leaves the unit after its first week, one comes to it after the second."""
    here = Unit.objects.get(code="VCSDDV")
    leaves = Task.objects.on_board().filter(unit=here).order_by("pk")[0]
    comes = Task.objects.on_board().exclude(unit=here).filter(kind="group").order_by("pk")[0]
    there = comes.unit
    handed_over(leaves, there, week=1)
    handed_over(comes, here, week=2)
    return leaves, comes


def units_of(code: str, task: Task) -> list[bool]:
    """Whether the unit led the task at the end of each week."""
    office = User.objects.get(username="truongban")
    return [
        TaskFilter(unit=code, at=kept.at).apply(office, task.campaign).filter(pk=task.pk).exists()
        for kept in WeeklySnapshot.objects.order_by("at")
    ]


def test_each_week_counts_what_the_unit_led_then(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    leaves, comes = hand_over_both_ways()
    assert units_of("VCSDDV", leaves) == [True, False, False]
    assert units_of("VCSDDV", comes) == [False, False, True]
    base = TaskFilter(unit="VCSDDV")
    found = trend("donvi", base)
    assert not found.frozen  # he cannot see what he handed over, and it is not counted for him
    assert counts_of(found) == seen_at("donvi", campaign, base)
    assert found.weeks[0].total == seen_at("truongban", campaign, base)[0].total() - 1


def test_a_task_back_home_counts_for_the_weeks_it_was_there(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    here = Unit.objects.get(code="VCSDDV")
    task = Task.objects.on_board().filter(unit=here).order_by("pk")[0]
    there = Unit.objects.exclude(pk=here.pk).filter(users__isnull=False).first() or here
    handed_over(task, there, week=1)
    task.refresh_from_db()
    handed_over(task, here, week=2)
    hidden = Task.objects.filter(unit=here).exclude(pk=task.pk)[0]
    make_classified(hidden, 2)
    base = TaskFilter(unit="VCSDDV")
    assert units_of("VCSDDV", task) == [True, False, True]
    assert counts_of(trend("donvi", base)) == seen_at("donvi", campaign, base)


def test_figures_taken_late_name_the_lead_of_then(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    hand_over_both_ways()
    WeeklySnapshot.objects.all().delete()
    take_snapshots(now=timezone.now())
    base = TaskFilter(unit="VCSDDV")
    found = trend("truongban", base)
    assert found.frozen  # whoever sees all reads the published figures
    assert counts_of(found) == seen_at("truongban", campaign, base)


def test_a_past_board_knows_no_later_week(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    second = WeeklySnapshot.objects.order_by("at")[1]
    user = User.objects.get(username="truongban")
    found = trend_of(user, frame_now(), TaskFilter(), until=second.at)
    assert [week.no for week in found.weeks] == [1, 2]


def test_the_drawing_has_its_words_and_its_table(campaign: Campaign) -> None:
    take_snapshots(now=timezone.now())
    said = signed_in_as("truongban").get("/board/").content.decode()
    drawing = said[said.index('<svg class="trend-lines"') : said.index("</svg>")]
    assert "<title>Tasks by light at the end of each week" in drawing
    assert drawing.count("<polyline") == 4
    table = said[said.index("trend-table") :]
    table = table[: table.index("</table>")]
    assert table.count('<th scope="row">') == 4  # three weeks and now
    assert "." not in "".join(part.split("<")[0] for part in table.split(">"))  # whole tasks


def test_no_week_over_is_said(campaign: Campaign) -> None:
    WeeklySnapshot.objects.all().delete()
    said = signed_in_as("truongban").get("/board/").content.decode()
    assert "No week is over yet" in said
    assert "<polyline" not in said


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (9, 10), (22, 30), (40, 40), (51, 60), (999, 1000)]
)
def test_the_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert _ceiling(most) == top


def test_names_at_the_ends_never_cover_each_other() -> None:
    placed = sorted(_apart({"red": 100.0, "yellow": 101.0, "green": 99.5, "done": 188.0}).values())
    assert all(below - above >= 16 for above, below in pairwise(placed))
