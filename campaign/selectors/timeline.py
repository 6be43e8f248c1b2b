"""Tasks with their dates on a line of time: sections, bars, and what depends on what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q

from campaign.models import Light, Task, TaskLink
from campaign.models.tasks import TaskQuerySet
from campaign.rules import Policy, last_day, worst
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import TODAY, Then, with_lead
from security.models import User
from security.scope import visible_q

# What the sections are: column of their key, of their order, of their name.
BY = {
    "group": ("group__no", "group__no", "group__name"),
    "block": ("block__no", "block__no", "block__name"),
    "unit": ("lead_code", "lead_name", "lead_name"),  # of then: see ``with_lead``
}
# Texts of a task that no bar shows.
LONG = (
    *("responsibility", "process", "check_text", "risk", "handling", "note"),
    *("block__tasks_text", "block__products", "block__checkpoints"),
)
NONE = "-"  # key of the section of tasks that have no group or block


@dataclass
class Section:
    """Tasks of one group (block, unit) that fit the filters, folded or not."""

    key: str
    name: str
    first: date
    last: date
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def light(self) -> str:
        return worst(self.counts)

    @property
    def bars(self) -> list[tuple[str, int]]:
        return [(light, self.counts[light]) for light in Light.values if self.counts[light]]


@dataclass(frozen=True)
class Bar:
    """One task. waits_for: codes of visible tasks that it cannot end before; others: their ids."""

    line: TaskLine
    section: str
    start: date
    end: date
    waits_for: tuple[str, ...] = ()
    others: tuple[int, ...] = ()

    @property
    def task(self) -> Task:
        return self.line.task

    @property
    def original_end(self) -> date | None:
        """Last day of the first deadline, where it has been moved."""
        first = self.task.original_deadline
        return last_day(first) if first and last_day(first) != self.end else None


def dated(rows: TaskQuerySet) -> TaskQuerySet:
    return rows.filter(start__isnull=False, deadline__isnull=False)


def by_of(given: str) -> str:
    return given if given in BY else "group"


def in_order(rows: TaskQuerySet, by: str, then: Then = TODAY) -> TaskQuerySet:
    order = F(BY[by_of(by)][1]).asc(nulls_last=True)
    return _led(rows, by, then).order_by(order, "start", "deadline", "code", "pk")


def _led(rows: TaskQuerySet, by: str, then: Then) -> TaskQuerySet:
    """The rows; with the lead unit of then where the sections are those of units."""
    return with_lead(rows, then) if by_of(by) == "unit" else rows


def unfolded(
    rows: TaskQuerySet, by: str, folded: frozenset[str], then: Then = TODAY
) -> TaskQuerySet:
    """Without the tasks of folded sections."""
    key = BY[by_of(by)][0]
    wanted = [one for one in folded if one != NONE]
    if key != "lead_code":
        wanted = [one for one in wanted if one.isdecimal() and len(one) < 4]
    hidden = Q(**{f"{key}__in": wanted})
    if NONE in folded:
        hidden |= Q(**{key: None})
    return _led(rows, by, then).exclude(hidden) if folded else rows


def sections_of(rows: TaskQuerySet, by: str, then: Then = TODAY) -> list[Section]:
    """All sections in order, with their span and their tasks by colour. One query."""
    key, order, name = BY[by_of(by)]
    counted = (
        _led(rows, by, then)
        .order_by(F(order).asc(nulls_last=True))
        .values(key, name, "lit")
        .annotate(n=Count("pk"), first=Min("start"), last=Max("deadline"))
    )
    found: dict[str, Section] = {}
    for row in counted:
        code = NONE if row[key] is None else str(row[key])
        first, last = row["first"], last_day(row["last"])
        section = found.setdefault(code, Section(code, row[name] or "", first, last))
        section.first, section.last = min(section.first, first), max(section.last, last)
        section.counts[row["lit"]] += row["n"]
    return list(found.values())


def bars_of(
    rows: TaskQuerySet,
    *,
    user: User,
    policy: Policy,
    at: datetime,
    then: Then | None = None,
    by: str = "group",
) -> list[Bar]:
    """Bars of these rows, sliced, by their start. Four queries. then: of a past instant.

    The rows are found before anything is joined to them: a page is a small part of all.
    """
    key = BY[by_of(by)][0]
    section = (then or TODAY).lead("code") if key == "lead_code" else F(key)
    found = Task.objects.lit(None if then is None else at).filter(pk__in=rows.values("pk"))
    drawn = with_people(found, at).annotate(section=section).order_by("start", "deadline", "code")
    lines = lines_of(drawn.defer(*LONG), policy=policy, at=at, then=then)
    links = _links(user, [line.task.pk for line in lines], at)
    return [_bar(line, links.get(line.task.pk, [])) for line in lines if line.deadline]


def _bar(line: TaskLine, links: list[tuple[int, str]]) -> Bar:
    section = getattr(line.task, "section", None)
    start, deadline = line.task.start, line.deadline
    if start is None or deadline is None:
        raise ValueError("a bar needs both dates: take rows of dated()")
    return Bar(
        line=line,
        section=NONE if section is None else str(section),
        start=start,
        end=last_day(deadline),
        waits_for=tuple(code for _pk, code in links),
        others=tuple(pk for pk, _code in links),
    )


def _links(user: User, ids: list[int], at: datetime) -> dict[int, list[tuple[int, str]]]:
    """By task: (id, code) of those it depends on, as far as the reader may see them."""
    rows: Any = (
        TaskLink.objects.filter(kind=TaskLink.Kind.DEPENDS_ON, task_id__in=ids, at__lte=at)
        .filter(visible_q(user, Task, "other__"))
        .order_by("other__code")
        .values_list("task_id", "other_id", "other__code")
        .distinct()
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for task, other, code in rows:
        found.setdefault(task, []).append((other, code))
    return found
