"""The board on the wall of the briefing room: pages that turn by themselves, without a name.

Nothing on them points to a person: no owner, no dossier, no note that people wrote. A task is named
by its title, and only if it is open to everybody in the room (neither secret nor about persons);
whoever is waited for is named by unit or post.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from campaign.models import Campaign
from campaign.rules import RED, ZONE
from campaign.selectors import Board, TaskLine, board_for
from campaign.selectors.board import Slice
from campaign.selectors.trend import trend_of
from dashboard.checkpoint import NextCheckpoint, next_checkpoint
from dashboard.fingerprint import fingerprint
from dashboard.steps import clock_words
from dashboard.trend import TrendPage, trend_page
from dashboard.words import LIGHT_ORDER, TimeWords, day_words, light_word
from security.models import User

LOOKED_AT = 60
ROWS_A_PAGE = 5  # of tasks: legible from five metres
SLICES_A_PAGE = 8  # of units, groups or blocks
PAGES_OF_TASKS = 2


@dataclass(frozen=True)
class Big:
    light: str
    word: str
    number: int
    before: int | None


@dataclass(frozen=True)
class WallRow:
    light: str
    word: str
    words: str
    unit: str
    due: TimeWords | None
    waits_for: str
    task_id: int


@dataclass(frozen=True)
class WallSlice:
    name: str
    light: str
    word: str
    counts: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Slide:
    """One page of the wall. ``kind``: figures, tasks, slices, checkpoint or trend."""

    kind: str
    title: str
    figures: tuple[Big, ...] = ()
    tasks: tuple[WallRow, ...] = ()
    slices: tuple[WallSlice, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class WallPage:
    title: str
    place: str
    url: str
    back: str
    slides: tuple[Slide, ...]
    checkpoint: NextCheckpoint | None
    trend: TrendPage
    lights: tuple[tuple[str, str], ...]
    sweep_is_late: bool
    as_of: datetime = field(metadata={"clock": True})

    @property
    def fingerprint(self) -> str:
        return fingerprint(self)

    @property
    def shown(self) -> list[int]:
        return sorted({row.task_id for slide in self.slides for row in slide.tasks})


def wall_page(
    user: User, *, now: datetime, campaign: Campaign | None = None, named: str = ""
) -> WallPage | None:
    """The wall of what this user may see; None without a campaign."""
    board = board_for(user, None, now=now, shown=LOOKED_AT, campaign=campaign, named=named)
    if board is None:
        return None
    query = f"?campaign={named}" if named else ""
    return WallPage(
        title=board.campaign.title,
        place=_place(board),
        url=reverse("board_wall") + query,
        back=reverse("board") + query,
        slides=tuple(_slides(board)),
        checkpoint=next_checkpoint(user, board),
        trend=trend_page(trend_of(user, board.frame, board.base, until=board.at), board),
        lights=tuple((light, light_word(light)) for light in LIGHT_ORDER),
        sweep_is_late=board.sweep_late,
        as_of=board.at,
    )


def _place(board: Board) -> str:
    if board.phase is None:
        return day_words(board.at.astimezone(ZONE).date())
    week = _("Week %(no)s/%(weeks)s · day %(day)s/%(days)s")
    period = _("Period %(no)s/%(weeks)s · day %(day)s/%(days)s")
    return (week if board.phase.is_week else period) % {
        "no": board.phase.no,
        "weeks": len(board.phases),
        "day": board.day_number,
        "days": board.campaign.days,
    }


def _slides(board: Board) -> Iterator[Slide]:
    counts = {one.light: one for one in board.lights}
    yield Slide(
        "figures",
        _("Where the campaign stands"),
        figures=tuple(
            Big(
                light,
                light_word(light),
                counts[light].count,
                counts[light].before if board.since else None,
            )
            for light in LIGHT_ORDER
        ),
    )
    yield from _tasks(board)
    yield from _parts(_("Groups of tasks"), board.groups)
    yield from _parts(_("Blocks"), board.blocks)
    # Of many units those with something red or yellow; the others are on the board.
    pressed = [one for one in board.units if one.counts["red"] or one.counts["yellow"]]
    units = pressed if len(board.units) > SLICES_A_PAGE else list(board.units)
    worst = sorted(units, key=lambda one: (-one.counts["red"], -one.counts["yellow"]))
    yield from _parts(_("Units"), worst[: 2 * SLICES_A_PAGE])
    yield Slide("checkpoint", _("The next checkpoint will ask"))
    yield Slide("trend", _("Week by week"))


def _tasks(board: Board) -> Iterator[Slide]:
    """Red and yellow tasks that may be named in the room; the others as a number."""
    named = [line for line in board.exceptions if line.task.is_plain]
    shown = named[: ROWS_A_PAGE * PAGES_OF_TASKS]
    left = board.exceptions_total - len(shown)
    if not shown:
        yield Slide(
            "tasks",
            _("To be dealt with now"),
            note=_("%(n)s more on the board") % {"n": left} if left else _("No red task"),
        )
        return
    for first in range(0, len(shown), ROWS_A_PAGE):
        last = first + ROWS_A_PAGE >= len(shown)
        yield Slide(
            "tasks",
            _("To be dealt with now"),
            tasks=tuple(_row(line) for line in shown[first : first + ROWS_A_PAGE]),
            note=_("%(n)s more on the board") % {"n": left} if last and left else "",
        )


def _row(line: TaskLine) -> WallRow:
    task = line.task
    block = task.block
    return WallRow(
        light=line.light,
        word=light_word(line.light),
        words=task.title,
        unit=task.unit.name,
        due=clock_words(line.reasons, line.deadline, line.at),
        waits_for=(block.in_charge if block else _("acceptance"))
        if line.leader_is_asked
        else _("the lead unit"),
        task_id=task.pk,
    )


def _parts(title: str, parts: Iterable[Slice]) -> Iterator[Slide]:
    found = [_slice(part) for part in parts if part.total]
    for first in range(0, len(found), SLICES_A_PAGE):
        yield Slide("slices", title, slices=tuple(found[first : first + SLICES_A_PAGE]))


def _slice(part: Slice) -> WallSlice:
    light = part.light or RED
    return WallSlice(
        part.name,
        light,
        light_word(light),
        tuple((one, light_word(one), part.counts[one]) for one in LIGHT_ORDER),
    )
