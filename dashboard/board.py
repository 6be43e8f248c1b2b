"""The leaders' board in words: from campaign's ``Board`` to the page that is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign.models import Task
from campaign.rules import DONE, GREY, RED
from campaign.selectors import Board, TaskLine, board_for
from campaign.selectors.board import Cell as BoardCell
from campaign.selectors.board import MatrixLine as BoardLine
from campaign.selectors.board import Slice
from dashboard import selectors
from dashboard.board_page import (
    BoardPage,
    Cell,
    Count,
    ExceptionRow,
    MatrixLine,
    NextCheckpoint,
    Tally,
    TallyRow,
    Tile,
    Week,
)
from dashboard.links import product_list_url, task_list_url, task_url
from dashboard.steps import clock_words, next_step
from dashboard.words import (
    LIGHT_ORDER,
    change_words,
    day_words,
    light_class,
    light_word,
)
from security.models import User

# A leader reads a dozen; the list behind the link has all.
EXCEPTIONS_SHOWN = 12


def board_page(user: User, at: datetime | None, *, now: datetime) -> BoardPage | None:
    """The board of what this user may see, now or at a past instant; None without a campaign."""
    board = board_for(user, at, now=now, shown=EXCEPTIONS_SHOWN)
    if board is None:
        return None
    return BoardPage(
        title=board.campaign.title,
        place=_place(board),
        past=board.past,
        now_url=reverse("board"),
        tiles=_tiles(board),
        next_checkpoint=_next_checkpoint(user, board),
        exceptions=tuple(_exception(line) for line in board.exceptions),
        exception_count=board.exceptions_total,
        exceptions_url=task_list_url(board.exceptions_query),
        by_block=Tally("block", _("By deputy head's block"), _rows(board.blocks, mine=user)),
        by_group=Tally("group", _("By group of tasks"), _rows(board.groups)),
        by_unit=Tally("unit", _("By lead unit"), _rows(board.units)),
        weeks=_weeks(board),
        matrix=tuple(_matrix_line(line, board) for line in board.matrix if line.total),
        total=board.total,
        red=_number(board, RED),
        first_day=board.campaign.start.isoformat(),
        last_day=board.campaign.end.isoformat(),
        sweep_is_late=board.sweep_late,
        swept_at=board.late_since,
        as_of=board.at,
    )


def _place(board: Board) -> str:
    """Where in the campaign this instant lies."""
    if board.day_number < 1:
        return _("begins on %(day)s") % {"day": day_words(board.campaign.start)}
    if board.phase is None:
        return _("ended on %(day)s") % {"day": day_words(board.campaign.end)}
    return _("Week %(no)s/%(weeks)s · day %(day)s/%(days)s") % {
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
            late=board.done_late if light == DONE else 0,
            late_url=task_list_url(f"{counts[light].query}&late=1"),
        )
        for light in LIGHT_ORDER
    )


def _count(light: str, number: int, url: str) -> Count:
    return Count(light, light_word(light), number, url)


def _next_checkpoint(user: User, board: Board) -> NextCheckpoint | None:
    """The next briefing. What waits for a decision there is only known of the present."""
    briefing = board.next_briefing
    if briefing is None:
        return None
    named = _("Closing briefing, %(day)s") if briefing.closing else _("Briefing, %(day)s")
    days = board.days_to_briefing
    left = ngettext("in %(n)s day", "in %(n)s days", days) % {"n": days} if days else _("today")
    waiting = 0 if board.past else selectors.waiting_for_a_grade(user, board.campaign)
    return NextCheckpoint(
        title=named % {"day": day_words(briefing.day)},
        when=left,
        waiting=waiting,
        waiting_url=product_list_url("show=waiting"),
    )


def _exception(line: TaskLine) -> ExceptionRow:
    step = next_step(line.reasons, owner=str(line.task.owner or ""), acceptor=_acceptor(line.task))
    return ExceptionRow(
        code=line.task.code,
        title=line.task.title,
        url=task_url(line.task),
        light=line.light,
        word=light_word(line.light),
        unit=line.task.unit.name,
        owner=str(line.task.owner or ""),
        due=clock_words(line.reasons, line.deadline, line.at),
        reasons=tuple(line.why),
        waits_for=step.waits_for,
        next_step=step.words,
        judged=light_word(line.judged) if line.judged else "",
        task_id=line.task.pk,
    )


def _acceptor(task: Task) -> str:
    block = task.block
    if block is None:
        return _("acceptance")
    return str(block.deputy) if block.deputy else block.in_charge


def _rows(slices: Iterable[Slice], *, mine: User | None = None) -> tuple[TallyRow, ...]:
    """Rows that have tasks, the reader's own block first.

    A block names its deputy head; two of one name would both be marked, and no more than that.
    """
    rows = [_row(part, mine) for part in slices if part.total]
    return tuple(sorted(rows, key=lambda row: not row.mine))


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
