"""The leaders' board in words: from campaign's ``Board`` to the page that is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaign.models import Campaign
from campaign.rules import DONE, GREY, RED, YELLOW
from campaign.selectors import Board, TaskFilter, board_for
from campaign.selectors.board import EVERYTHING, Slice
from campaign.selectors.board import Cell as BoardCell
from campaign.selectors.board import MatrixLine as BoardLine
from campaign.selectors.trend import trend_of
from dashboard.board_page import (
    BoardPage,
    Cell,
    Count,
    MatrixLine,
    Scope,
    Tally,
    TallyRow,
    Tile,
    Week,
)
from dashboard.chase import Chase, chases
from dashboard.checkpoint import next_checkpoint
from dashboard.exceptions import exception_row
from dashboard.links import task_list_url
from dashboard.moments import thursdays_around
from dashboard.trend import trend_page
from dashboard.words import (
    LIGHT_ORDER,
    change_words,
    day_words,
    light_class,
    light_word,
)
from security.models import User
from security.scope import may

# A leader reads a dozen; the list behind the link has all.
EXCEPTIONS_SHOWN = 12
UNITS_SHOWN = 20
SCOPES = MINE, ALL = "mine", "all"


def board_page(
    user: User,
    at: datetime | None,
    *,
    now: datetime,
    campaign: Campaign | None = None,
    named: str = "",
    scope: str = "",
    part: TaskFilter = EVERYTHING,
) -> BoardPage | None:
    """The board of what this user may see, now or at a past instant; None without a campaign.

    scope: "mine" or "all"; the head of a block begins with his own, everybody else has one.
    part: only this part of the campaign, whatever the scope (the board of a unit).
    """
    board = board_for(
        user,
        at,
        now=now,
        shown=EXCEPTIONS_SHOWN,
        campaign=campaign,
        named=named,
        scope=part,
        own_first=part == EVERYTHING and scope != ALL,
    )
    if board is None:
        return None
    home = reverse("board" if part == EVERYTHING else "home")
    days = {"first": board.campaign.start, "last": board.campaign.end}
    earlier, later = thursdays_around(board.at, **days, now=now)
    return BoardPage(
        title=board.campaign.title,
        place=_place(board),
        past=board.past,
        home=home,
        now_url=_now_url(home, named, scope),
        keep=tuple(one for one in (("campaign", named), ("scope", scope)) if one[1]),
        scopes=_scopes(user, board, named) if part == EVERYTHING else (),
        earlier=earlier,
        later=later if board.past else None,
        chases=_chases(user, board),
        trend=trend_page(trend_of(user, board.frame, board.base, until=board.at), board),
        tiles=_tiles(board),
        next_checkpoint=next_checkpoint(user, board),
        exceptions=tuple(exception_row(line) for line in board.exceptions),
        exception_count=board.exceptions_total,
        exceptions_url=task_list_url(board.exceptions_query),
        by_block=Tally("block", _("By deputy head's block"), _rows(board.blocks, mine=user)),
        by_group=Tally("group", _("By group of tasks"), _rows(board.groups)),
        by_unit=_unit_tally(board),
        weeks=_weeks(board),
        matrix=tuple(_matrix_line(line, board) for line in board.matrix if line.total),
        total=board.total,
        red=_number(board, RED),
        tally_query=board.base.query,
        first_day=board.campaign.start.isoformat(),
        last_day=board.campaign.end.isoformat(),
        sweep_is_late=board.sweep_late,
        swept_at=board.late_since,
        as_of=board.at,
    )


def _now_url(home: str, named: str, scope: str) -> str:
    query = "&".join(
        f"{key}={value}" for key, value in (("campaign", named), ("scope", scope)) if value
    )
    return home + (f"?{query}" if query else "")


def _scopes(user: User, board: Board, named: str) -> tuple[Scope, ...]:
    """His own blocks, or all that he may see, for whoever heads a block."""
    if not board.frame.blocks_of(user):
        return ()
    at = f"&at={timezone.localtime(board.at):%Y-%m-%dT%H:%M}" if board.past else ""
    mine = bool(board.base.deputy)
    return tuple(
        Scope(words, _now_url(reverse("board"), named, key) + at, here)
        for key, words, here in (
            (MINE, _("My blocks"), mine),
            (ALL, _("All that I may see"), not mine),
        )
    )


def _chases(user: User, board: Board) -> tuple[Chase, ...]:
    """For the standing office, which keeps the rhythm; leaders read the exceptions."""
    return chases(user, board) if may(user, "campaign.manage") and board.total else ()


def _place(board: Board) -> str:
    """Where in the campaign this instant lies."""
    if board.day_number < 1:
        return _("begins on %(day)s") % {"day": day_words(board.campaign.start)}
    if board.phase is None:
        return _("ended on %(day)s") % {"day": day_words(board.campaign.end)}
    week = _("Week %(no)s/%(weeks)s · day %(day)s/%(days)s")
    period = _("Period %(no)s/%(weeks)s · day %(day)s/%(days)s")
    return (week if board.phase.is_week else period) % {
        "no": board.phase.no,
        "weeks": len(board.phases),
        "day": board.day_number,
        "days": board.campaign.days,
    }


def _number(board: Board, light: str) -> int:
    return next((one.count for one in board.lights if one.light == light), 0)


def _tiles(board: Board) -> tuple[Tile, ...]:
    counts = {one.light: one for one in board.lights}
    return tuple(
        Tile(
            count=_count(light, counts[light].count, task_list_url(counts[light].query)),
            change=change_words(counts[light].change),
            before=counts[light].before if board.since else None,
            before_url=task_list_url(counts[light].before_query),
            late=board.done_late if light == DONE else 0,
            late_url=task_list_url(f"{counts[light].query}&late=1"),
        )
        for light in LIGHT_ORDER
    )


def _count(light: str, number: int, url: str) -> Count:
    return Count(light, light_word(light), number, url)


def _rows(slices: Iterable[Slice], *, mine: User | None = None) -> tuple[TallyRow, ...]:
    """Rows that have tasks, the reader's own block first.

    A block names its deputy head; two of one name would both be marked, and no more than that.
    """
    rows = [_row(part, mine) for part in slices if part.total]
    return tuple(sorted(rows, key=lambda row: not row.mine))


def _unit_tally(board: Board) -> Tally:
    """A ministry has hundreds of units: those with the most red and yellow, then the largest."""
    worst = sorted(board.units, key=lambda one: (-one.counts[RED], -one.counts[YELLOW], -one.total))
    return Tally(
        "unit",
        _("By lead unit"),
        _rows(worst[:UNITS_SHOWN]),
        more=max(0, len(worst) - UNITS_SHOWN),
        more_url=task_list_url(board.base.query),
    )


def _row(part: Slice, mine: User | None) -> TallyRow:
    url = task_list_url(part.query)
    return TallyRow(
        name=part.name,
        note=part.extra,
        counts=tuple(
            _count(light, part.counts[light], f"{url}&light={light}") for light in LIGHT_ORDER
        ),
        total=part.total,
        url=url,
        mine=mine is not None and bool(part.extra) and part.extra == mine.full_name,
    )


def _weeks(board: Board) -> tuple[Week, ...]:
    now = board.phase.no if board.phase else 0
    return tuple(Week(phase.span, phase.no == now) for phase in board.phases)


def _matrix_line(line: BoardLine, board: Board) -> MatrixLine:
    now = board.phase.no if board.phase else 0
    # A row whose cells so far are all seen and done has nothing left that could light it.
    light = line.light or (DONE if line.done == line.total else GREY)
    return MatrixLine(
        name=line.row.name,
        light=light,
        word=light_word(light),
        cells=tuple(_cell(cell, is_now=cell.phase == now) for cell in line.cells),
        in_time=line.in_time,
        due=line.due,
        due_url=task_list_url(f"{line.query}&due=1"),
        url=task_list_url(line.query),
    )


def _cell(cell: BoardCell, *, is_now: bool) -> Cell:
    if not cell.count:
        return Cell(is_now=is_now)
    alone = cell.count == 1 and cell.task_id is not None
    return Cell(
        words=cell.words,
        light=light_class(cell.light, cell.done_late),
        word=light_word(cell.light, cell.done_late),
        url=reverse("campaign:task_detail", args=[cell.task_id])
        if alone
        else task_list_url(cell.query),
        is_now=is_now,
        task_id=cell.task_id if alone else None,
    )
