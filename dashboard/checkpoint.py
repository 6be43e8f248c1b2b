"""The next checkpoint and what it will ask: a panel of the board, and the list behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign.models import Light, Product
from campaign.rules import last_day
from campaign.selectors.board import Board
from campaign.selectors.checkpoint import asked, week_of
from campaign.selectors.filters import TaskFilter
from campaign.selectors.lines import decider_of
from dashboard.links import product_url, task_list_url
from dashboard.words import TimeWords, day_words, due_words, short_day
from security.models import User

PARTS = ("all", "open", "waiting", "overdue")


@dataclass(frozen=True)
class Question:
    """What will be asked: a number, what it counts, and the list of exactly these."""

    words: str
    number: int
    url: str
    grave: bool = False


@dataclass(frozen=True)
class NextCheckpoint:
    title: str
    when: str
    questions: tuple[Question, ...]
    week: str
    url: str


def next_checkpoint(user: User, board: Board) -> NextCheckpoint | None:
    """The next briefing as of the board's instant; None after the last. One query."""
    briefing = board.next_briefing
    if briefing is None:
        return None
    named = _("Closing briefing, %(day)s") if briefing.closing else _("Briefing, %(day)s")
    days = board.days_to_briefing
    left = ngettext("in %(n)s day", "in %(n)s days", days) % {"n": days} if days else _("today")
    due = asked(user, board.frame, board.base, by=briefing.day, at=board.at)
    products = (
        Question(
            _("products due by then and not accepted"), due.total, checkpoint_url(board.base, "all")
        ),
        Question(
            _("of them handed in, no grade yet"), due.waiting, checkpoint_url(board.base, "waiting")
        ),
        Question(_("of them not handed in"), due.open, checkpoint_url(board.base, "open")),
        Question(
            _("of them past their date"),
            due.overdue,
            checkpoint_url(board.base, "overdue"),
            grave=True,
        ),
    )
    phase = week_of(board.frame, briefing)
    return NextCheckpoint(
        title=named % {"day": day_words(briefing.day)},
        when=left,
        questions=(*products, *_week(board)),
        week=phase.label if phase else "",
        url=checkpoint_url(board.base, "all"),
    )


def _week(board: Board) -> tuple[Question, ...]:
    """Tasks that the plan sets for the week which this briefing closes."""
    phase = week_of(board.frame, board.next_briefing) if board.next_briefing else None
    if phase is None:
        return ()
    counts = board.weeks.get(phase.pk)
    here = board.base.but(week=phase.no)
    off = here.but(light=(Light.RED, Light.YELLOW))
    wrong = counts[Light.RED] + counts[Light.YELLOW] if counts else 0
    return (
        Question(
            _("tasks of that week"), counts.total() if counts else 0, task_list_url(here.query)
        ),
        Question(_("of them not on track"), wrong, task_list_url(off.query), grave=True),
    )


def checkpoint_url(base: TaskFilter, part: str) -> str:
    """The checkpoint's page for the same campaign, part of it and instant as a board's."""
    query = "&".join(one for one in (f"show={quote(part)}", base.query) if one)
    return f"{reverse('board_checkpoint')}?{query}"


def narrowed(rows: QuerySet[Product], part: str, at: datetime) -> QuerySet[Product]:
    """The part of the asked products that a number of the panel counts."""
    if part == "open":
        return rows.filter(is_open=True)  # type: ignore[misc]
    if part == "waiting":
        return rows.filter(is_waiting=True)  # type: ignore[misc]
    if part == "overdue":
        return rows.filter(due__lte=at)  # type: ignore[misc]
    return rows


@dataclass(frozen=True)
class AskedProduct:
    name: str
    title: str
    url: str
    task: str
    unit: str
    owner: str
    state: str
    waits_for: str
    due: TimeWords
    due_day: str


def asked_product(product: Product, at: datetime) -> AskedProduct:
    """A row of the list; ``product`` as ``asked_products`` annotates it, its task joined."""
    task = product.task
    waiting = bool(product.is_waiting)  # type: ignore[attr-defined]
    untouched = bool(product.is_open)  # type: ignore[attr-defined]
    due: datetime = product.due  # type: ignore[attr-defined]
    state = _("not handed in") if untouched else _("in remedy")
    passed = waiting and at >= due  # handed in: its day has passed without its being late
    return AskedProduct(
        name=product.name if "/" not in product.name else "",
        title=product.title,
        url=product_url(task.pk, product.pk),
        task=task.title,
        unit=task.unit.name,
        owner=str(task.owner or ""),
        state=_("waiting for its grade") if waiting else state,
        waits_for=decider_of(task) if waiting else str(task.owner or ""),
        due=TimeWords(_("was due %(day)s") % {"day": short_day(due)}, "soon")
        if passed
        else due_words(due, at),
        due_day=day_words(last_day(due)),
    )
