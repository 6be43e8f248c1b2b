"""The inbox of one person: notices in words, by day and task; a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaign.models import Task
from dashboard.fingerprint import fingerprint
from dashboard.links import task_url
from dashboard.models import Notice, NoticeKind
from dashboard.notices.saying import Said, Voice, voices_of, words_of
from dashboard.words import day_words
from security.models import User

A_PAGE = 50
COUNTED = 100  # the badge says "99+" above


@dataclass(frozen=True)
class NoticeFilter:
    """What of the inbox is asked for; anything unknown in the address is passed over."""

    kind: str = ""
    unread: bool = False
    page: int = 1

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> NoticeFilter:
        kind, page = query.get("kind", ""), query.get("page", "1")
        return cls(
            kind=kind if kind in NoticeKind.values else "",
            unread=query.get("show") == "unread",
            page=int(page) if page.isascii() and page.isdigit() and 0 < int(page) < 10**6 else 1,
        )

    def url(self, *, page: int = 1, unread: bool | None = None) -> str:
        """The address of this part of the inbox, with other pages or the other tab."""
        query = QueryDict(mutable=True)
        if self.unread if unread is None else unread:
            query["show"] = "unread"
        if self.kind:
            query["kind"] = self.kind
        if page > 1:
            query["page"] = str(page)
        return reverse("notices") + (f"?{query.urlencode()}" if query else "")


@dataclass(frozen=True)
class Line:
    pk: int
    said: Said
    # When it came to be; ``found`` only where it was found noticeably later.
    at: datetime
    found: datetime | None
    unread: bool


@dataclass(frozen=True)
class Group:
    """What happened to one task on one day, the newest first."""

    code: str
    title: str
    url: str
    task_id: int
    lines: tuple[Line, ...]

    @property
    def unread(self) -> bool:
        return any(line.unread for line in self.lines)


@dataclass(frozen=True)
class Day:
    label: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class InboxPage:
    days: tuple[Day, ...]
    asked: NoticeFilter
    unread: int
    total: int
    everything: int
    newer_url: str
    older_url: str
    as_of: datetime = field(metadata={"clock": True})

    @property
    def fingerprint(self) -> str:
        return fingerprint(self)

    @property
    def shown(self) -> list[int]:
        """Ids of all tasks that this page names."""
        return sorted({group.task_id for day in self.days for group in day.groups if group.task_id})

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in NoticeKind]

    @property
    def all_url(self) -> str:
        return self.asked.url(unread=False)

    @property
    def unread_url(self) -> str:
        return self.asked.url(unread=True)

    @property
    def here_url(self) -> str:
        return self.asked.url(page=self.asked.page)

    @property
    def first(self) -> int:
        return (self.asked.page - 1) * A_PAGE + 1

    @property
    def last(self) -> int:
        return min(self.asked.page * A_PAGE, self.total)


def unread_count(user: User) -> int:
    """How many notices wait for this person, at most COUNTED. One query by a partial index."""
    return Notice.objects.visible_to(user).unread().order_by()[:COUNTED].count()


def inbox_page(user: User, asked: NoticeFilter, now: datetime) -> InboxPage:
    """One page of somebody's inbox; four queries and one for each sort of fact that has a voice."""
    mine = Notice.objects.visible_to(user)
    rows = mine.filter(kind=asked.kind) if asked.kind else mine
    rows = rows.unread() if asked.unread else rows
    total = rows.count()
    start = (asked.page - 1) * A_PAGE
    found = list(rows.select_related("task")[start : start + A_PAGE])
    return InboxPage(
        days=_days(found, voices_of(found), now),
        asked=asked,
        unread=mine.unread().count(),
        total=total,
        everything=mine.count(),
        newer_url=asked.url(page=asked.page - 1) if asked.page > 1 else "",
        older_url=asked.url(page=asked.page + 1) if start + A_PAGE < total else "",
        as_of=now,
    )


def _days(rows: list[Notice], voices: dict[str, Voice], now: datetime) -> tuple[Day, ...]:
    today = timezone.localdate(now)
    return tuple(
        Day(_day_label(day, today), _groups(list(some), voices, now))
        for day, some in groupby(rows, key=lambda row: timezone.localdate(row.created_at))
    )


def _day_label(day: date, today: date) -> str:
    if day == today:
        return _("Today, %(day)s") % {"day": day_words(day)}
    if (today - day).days == 1:
        return _("Yesterday, %(day)s") % {"day": day_words(day)}
    return day_words(day) if day.year == today.year else f"{day_words(day)}/{day.year}"


def _groups(rows: list[Notice], voices: dict[str, Voice], now: datetime) -> tuple[Group, ...]:
    """By task, in the order of each task's newest notice."""
    by_task: dict[int | None, list[Notice]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row)
    return tuple(
        Group(
            code=some[0].task.code if some[0].task else "",
            title=some[0].task.title if some[0].task else _("The installation"),
            url=_address(some[0].task),
            task_id=task_id or 0,
            lines=tuple(_line(row, voices, now) for row in some),
        )
        for task_id, some in by_task.items()
    )


def _address(task: Task | None) -> str:
    return task_url(task) if task else ""


def _line(row: Notice, voices: dict[str, Voice], now: datetime) -> Line:
    # A clock runs every minute: only what it found late is told with both times.
    late = (row.created_at - row.due_at).total_seconds() >= LATE
    return Line(
        pk=row.pk,
        said=words_of(row, voices.get(row.event), now),
        at=row.due_at,
        found=row.created_at if late else None,
        unread=row.read_at is None,
    )


LATE = 5 * 60
