"""The next step follows from the gravest reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from campaign.models import Block, Task
from campaign.rules import COLOURS, Reason
from campaign.selectors import TaskLine
from dashboard.steps import clock_words, next_step
from security.models import User

UNTIL = datetime(2026, 6, 11, 17, 0, tzinfo=UTC)  # the end of 11 June where the campaign runs


@pytest.mark.parametrize(
    ("reason", "waits_for", "words"),
    [
        (Reason("overdue", ("S5",), 5, UNTIL), "Owner", "hand in S5 or ask for another date"),
        (Reason("overdue", ("W4.1/1",), 5), "Owner", "hand in the product or ask for another date"),
        (Reason("submitted_late", ("S5", "S6"), 2), "Leader", "grade S5, S6"),
        (Reason("awaiting_acceptance", ("S5",), 2), "Leader", "grade S5"),
        (Reason("due_soon", ("S5",), 2, UNTIL), "Owner", "hand in S5 by 11/6"),
        (Reason("behind", percent=10, planned=60), "Owner", "catch up or say what holds it up"),
        (Reason("remedy_overdue", ("S5",), grade="C"), "Owner", "remedy and hand in S5 again"),
        (Reason("ticket_open", ticket="PV-1"), "Owner", "resolve ticket PV-1"),
        (Reason("on_track"), "Owner", ""),
    ],
)
def test_step_of_a_reason(reason: Reason, waits_for: str, words: str) -> None:
    with translation.override("en"):
        assert (waited_for(reason), next_step((reason,))) == (waits_for, words)


def waited_for(*reasons: Reason) -> str:
    block = Block(no=1, deputy=User(full_name="Leader"))
    task = Task(owner=User(full_name="Owner"), block=block)
    return TaskLine(task, "red", UNTIL, UNTIL, reasons=reasons).waits_for


def test_the_gravest_reason_decides() -> None:
    first, second = Reason("overdue", ("S1",), 1), Reason("awaiting_acceptance", ("S2",))
    assert waited_for(first, second) == "Owner"
    assert next_step((first, second)) == next_step((first,))


@pytest.mark.parametrize("code", [c for c, light in COLOURS.items() if light in {"red", "yellow"}])
def test_every_exception_has_a_next_step(code: str) -> None:
    assert next_step((Reason(code),))


def test_no_reason_known() -> None:
    assert (waited_for(), next_step(())) == ("Owner", "")


PRODUCT_DATE = datetime(2026, 5, 30, 17, 0, tzinfo=UTC)  # the end of 30 May
AT = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reasons", "text", "kind"),
    [
        ((Reason("overdue", ("S2",), 3, PRODUCT_DATE),), "3 days late", "late"),
        ((Reason("awaiting_acceptance", ("S2",), 3, PRODUCT_DATE),), "was due 30/5", "soon"),
        ((Reason("remedy_running", ("S2",), 0, UNTIL),), "9 days left", "fine"),
        (
            (Reason("overdue", ("S2",), 3, PRODUCT_DATE), Reason("behind", until=UNTIL)),
            "3 days late",
            "late",
        ),
        ((), "9 days left", "fine"),
    ],
)
def test_the_clock_is_that_of_the_gravest_reason(
    reasons: tuple[Reason, ...], text: str, kind: str
) -> None:
    with translation.override("en"):
        words = clock_words(reasons, UNTIL, AT)
    assert words is not None
    assert (words.text, words.kind) == (text, kind)
