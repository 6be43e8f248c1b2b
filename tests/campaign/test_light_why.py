"""The light that explains itself: words, when it changes next, both colours; no query per row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation

from campaign.models import Task
from campaign.rules import Policy
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.services import judge
from tests.campaign.make import BEGIN, NOON, make_campaign, make_task
from tests.security.make import grant_role, make_user

pytestmark = pytest.mark.django_db
DRAW = Template("{% load lights %}{% for line in lines %}{% light_of line %}{% endfor %}")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def _lines() -> list[TaskLine]:
    rows = with_people(Task.objects.lit(), NOON).order_by("pk")
    return lines_of(rows, policy=Policy(), at=NOON)


def test_a_light_says_why_and_when_time_alone_changes_it() -> None:
    make_task()

    drawn = DRAW.render(Context({"lines": _lines()}))

    assert "on track, due 28/5" in drawn
    # Two weeks, 20 points: behind after a fifth of the time.
    assert "it changes at 19:12, 17/05/2026" in drawn
    assert "lights-judged" not in drawn


def test_a_judgement_stands_beside_the_computed_light_with_its_words_escaped() -> None:
    task = make_task()
    head = make_user(unit=task.campaign.unit)
    grant_role(head, "head", task.campaign.unit)
    judge(
        actor=head,
        task=task,
        light="red",
        reason="<script>x</script> đối tác rút",
        expires_on=date(2026, 5, 20),
        now=NOON - timedelta(hours=1),
    )

    (line,) = _lines()
    drawn = DRAW.render(Context({"lines": [line]}))

    assert line.judged == "red"
    assert line.light == "green"
    assert "light-green" in drawn
    assert "light-red" in drawn
    assert f"{head.full_name} sees it as red until 20/05/2026" in drawn
    assert "&lt;script&gt;x&lt;/script&gt; đối tác rút" in drawn
    assert "<script>" not in drawn


def test_no_number_of_rows_raises_the_queries(django_assert_num_queries: Any) -> None:
    campaign = make_campaign()
    for _ in range(3):
        make_task(campaign=campaign, now=BEGIN)
    with django_assert_num_queries(3):
        few = _lines()
    for _ in range(7):
        make_task(campaign=campaign, now=BEGIN)
    with django_assert_num_queries(3):
        many = _lines()
    with django_assert_num_queries(0):
        DRAW.render(Context({"lines": [*few, *many]}))
