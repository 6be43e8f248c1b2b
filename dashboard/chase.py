"""What the standing office has to chase: a panel of its board, and the lists behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaign.selectors import TaskLine
from campaign.selectors.board import Board
from campaign.selectors.chasing import OBSTACLE, PRODUCT, REPORT, chase_counts
from campaign.selectors.filters import TaskFilter
from dashboard.exceptions import ExceptionRow, exception_row
from security.models import User

# What is missing, in the order in which it is asked for.
WORDS = {
    REPORT: gettext_noop("No progress report this week"),
    OBSTACLE: gettext_noop("Red, and no obstacle told"),
    PRODUCT: gettext_noop("Past its date, no product handed in"),
}
NONE = {
    REPORT: gettext_noop("Everybody reported this week"),
    OBSTACLE: gettext_noop("Every red task says what is in the way"),
    PRODUCT: gettext_noop("No product is owed"),
}


@dataclass(frozen=True)
class Chase:
    kind: str
    words: str
    number: int
    url: str


def chases(user: User, board: Board) -> tuple[Chase, ...]:
    """The numbers of the office's panel. One query."""
    counts = chase_counts(user, board.frame, board.base, at=board.at)
    return tuple(
        Chase(kind, _(words), counts[kind], chase_url(board.base, kind))
        for kind, words in WORDS.items()
    )


def chase_url(base: TaskFilter, kind: str) -> str:
    query = "&".join(one for one in (f"what={kind}", base.query) if one)
    return f"{reverse('board_chase')}?{query}"


@dataclass(frozen=True)
class ChaseRow:
    row: ExceptionRow
    last_report: str


def chase_row(line: TaskLine) -> ChaseRow:
    last: datetime | None = line.task.last_report  # type: ignore[attr-defined]
    said = date_format(timezone.localtime(last), "H:i, d/m") if last else _("never")
    return ChaseRow(exception_row(line), said)


@dataclass(frozen=True)
class UnitToChase:
    name: str
    number: int
    url: str


def by_unit(rows: Any, base: TaskFilter, kind: str) -> list[UnitToChase]:
    """Whom to call first: units with how many are missing, the most first. One query.

    rows: of ``to_chase``, ``with_lead`` of the instant that they are asked for.
    """
    counts: Counter[tuple[str, str]] = Counter(
        rows.order_by().values_list("lead_code", "lead_name")
    )
    return [
        UnitToChase(name, number, chase_url(base.but(unit=code), kind))
        for (code, name), number in sorted(counts.items(), key=lambda one: (-one[1], one[0][1]))
    ]
