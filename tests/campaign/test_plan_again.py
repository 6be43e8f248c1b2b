"""A plan loaded again at another time: everything moves, and what people moved stays."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaign.models import Briefing, Campaign
from campaign.services import load_plan
from tests.campaign.make import BEGIN, NOON, PLAN
from tests.campaign.test_load_plan import SMALL, write

FRIDAY = date(2026, 5, 15)
WEEK = timedelta(days=7)
SAID = """\
briefings:
  - {day: 2026-05-15}
  - {day: 2026-05-16}
  - {day: 2026-05-17, closing: true}
"""


def days() -> list[str]:
    connection.check_constraints()
    return [f"{one.day:%d/%m}" for one in Briefing.objects.order_by("pk")]


@pytest.mark.django_db
@pytest.mark.parametrize("weeks", [1, -1, 2, 30])
def test_a_plan_moves_by_weeks_and_back(weeks: int) -> None:
    load_plan(PLAN, actor=None, now=BEGIN)
    before = list(Briefing.objects.order_by("pk").values_list("pk", "day"))
    moved = load_plan(PLAN, actor=None, now=NOON, start=FRIDAY + weeks * WEEK)
    assert moved.differences == []
    connection.check_constraints()
    after = list(Briefing.objects.order_by("pk").values_list("pk", "day"))
    assert after == [(pk, day + weeks * WEEK) for pk, day in before]
    load_plan(PLAN, actor=None, now=NOON)
    assert list(Briefing.objects.order_by("pk").values_list("pk", "day")) == before


@pytest.mark.django_db
def test_a_briefing_that_people_moved_stays_and_is_listed_every_time(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL + SAID), actor=None, now=BEGIN)
    Briefing.objects.filter(day="2026-05-16").update(day="2026-05-20")
    for start in (None, FRIDAY + WEEK, FRIDAY + WEEK):
        report = load_plan(tmp_path / "plan.yaml", actor=None, now=BEGIN, start=start)
        assert [(one.key, one.field) for one in report.differences] == [("briefing:2", "day")]
    assert days() == ["22/05", "20/05", "24/05"]


@pytest.mark.django_db
def test_a_day_that_people_took_is_left_to_them(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL + SAID), actor=None, now=BEGIN)
    Briefing.objects.filter(day="2026-05-17").update(day="2026-05-23")
    report = load_plan(
        tmp_path / "plan.yaml", actor=None, now=BEGIN, start=FRIDAY + WEEK
    )  # the second would fall on the 23rd
    assert {one.key for one in report.differences} == {"briefing:2", "briefing:3"}
    assert days() == ["22/05", "16/05", "23/05"]


@pytest.mark.django_db
def test_swapped_days_are_swapped_and_a_new_one_joins(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL + SAID), actor=None, now=BEGIN)
    text = SAID.replace("05-15", "05-1X").replace("05-16", "05-15").replace("05-1X", "05-16")
    load_plan(write(tmp_path, SMALL + text + "  - {day: 2026-05-25}\n"), actor=None, now=BEGIN)
    assert days() == ["16/05", "15/05", "17/05", "25/05"]


class MovedBriefings(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(st.integers(0, 20), min_size=3, max_size=3, unique=True),
        st.integers(-3, 3),
    )
    def test_wherever_people_moved_them_no_load_collides(
        self, people: list[int], weeks: int
    ) -> None:
        path = Path(self._path())
        load_plan(path, actor=None, now=BEGIN)
        for one, day in zip(Briefing.objects.order_by("pk"), people, strict=True):
            Briefing.objects.filter(pk=one.pk).update(day=FRIDAY + timedelta(days=day))
        connection.check_constraints()
        for start in (FRIDAY + weeks * WEEK, FRIDAY):
            load_plan(path, actor=None, now=BEGIN, start=start)
            connection.check_constraints()
        assert Briefing.objects.count() == 3
        assert Campaign.objects.count() == 1

    def _path(self) -> str:
        with tempfile.NamedTemporaryFile(suffix=".yaml", delete=False) as file:
            file.write((SMALL + SAID).encode())
        self.addCleanup(Path(file.name).unlink, missing_ok=True)
        return file.name
