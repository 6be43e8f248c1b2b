"""The weekly figures: published ones for who sees all, own ones of the same instants else."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from django.utils import timezone

from campaign.models import Campaign, Task, WeeklySnapshot
from campaign.selectors import TaskFilter
from campaign.selectors.structure import Structure, structure_at
from campaign.selectors.trend import Trend, trend_of
from campaign.services import take_snapshots
from dashboard.trend import _apart, _ceiling
from security.models import User
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
