"""Words about time agree with the campaign's own counting of days."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import translation

from campaign.rules import ZONE
from dashboard.words import change_words, day_words, due_words

DEADLINE = datetime(2026, 6, 12, 0, 0, tzinfo=ZONE)  # 11 June is the last day in time


@pytest.mark.parametrize(
    ("at", "text", "kind"),
    [
        (datetime(2026, 6, 7, 9, 0, tzinfo=ZONE), "4 days left", "fine"),
        (datetime(2026, 6, 8, 9, 0, tzinfo=ZONE), "3 days left", "soon"),
        (datetime(2026, 6, 10, 23, 59, tzinfo=ZONE), "1 day left", "soon"),
        (datetime(2026, 6, 11, 23, 59, tzinfo=ZONE), "due today", "soon"),
        (datetime(2026, 6, 12, 0, 0, tzinfo=ZONE), "1 day late", "late"),
        (datetime(2026, 6, 16, 8, 0, tzinfo=ZONE), "5 days late", "late"),
    ],
)
def test_due_words_at_the_boundaries(at: datetime, text: str, kind: str) -> None:
    with translation.override("en"):
        words = due_words(DEADLINE, at)
    assert (words.text, words.kind) == (text, kind)


def test_a_deadline_within_the_day_is_late_at_once() -> None:
    noon = datetime(2026, 6, 11, 12, 0, tzinfo=ZONE)
    with translation.override("en"):
        assert due_words(noon, noon).text == "late since today"


@pytest.mark.parametrize(("change", "words"), [(0, "±0"), (3, "+3"), (-2, "−2")])
def test_a_change_carries_its_sign(change: int, words: str) -> None:
    assert change_words(change) == words


def test_a_day_has_its_weekday() -> None:
    with translation.override("en"):
        assert day_words(DEADLINE.date()) == "Friday 12/6"
