"""Filters of the task list: the address of every number on the board is one of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from django.db.models import F, Func, Q, TextField
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_naive, localdate, make_aware

from campaign.models import Campaign, Light, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors.past import TODAY, Then, deadline_at, then_at
from records.folding import fold
from security.models import User

NUMBERS = {"group": "group__no", "block": "block__no", "week": "phase__no", "row": "matrix_row__no"}

NO_GROUP = 0  # number of no group: the tasks that lie outside all of them
UNSET = (None, "")
OWNER_DIGITS = 12
DAY_LENGTH = len("2026-06-09")
EARLIEST_YEAR = 2000  # no campaign is older, and date arithmetic needs room below
CODE = re.compile(r"[-\w]{1,40}", re.ASCII)  # of a campaign
STATES = ("draft", "active", "done", "cancelled")
WITHOUT_LIGHT = ("draft", "cancelled")
OPEN = "open"  # drafts and the board together: the six-clear matrix asks so, no address does
WORDS_AT_MOST = 60  # characters of a search; a saved view keeps it in an address
# Written as they are into an address: numbers and words that need no quoting; flags.
PLAIN = ("group", "block", "week", "row", "kind", "owner", "deputy", "state")
FLAGS = ("late", "due")
SORTS = {
    "deadline": "deadline",
    "-deadline": "deadline",
    "code": "code",
    "-code": "code",
    "unit": "lead_name",  # of then
    "-unit": "lead_name",
}

# Small letters that ``fold`` makes one of a to z: from à, where they begin in Unicode, to ỹ.
ACCENTED = [
    one
    for one in map(chr, range(ord("à"), ord("ỹ") + 1))
    if one.islower() and len(fold(one)) == 1 and fold(one).isascii()
]


class Bare(Func):
    """A text of the database in lower case and without accents, as ``fold`` makes it, but with
    its punctuation."""

    template = "translate(lower(normalize(%(expressions)s)), '{}', '{}')".format(
        "".join(ACCENTED), "".join(map(fold, ACCENTED))
    )
    output_field = TextField()


@dataclass(frozen=True)
class TaskFilter:
    """What a list shows. Unknown or malformed values are dropped, never passed to the database.

    light: several allowed; group, block, week, row: numbers of the plan (group 0: of no group);
    unit: code;
    owner: "me" or a person's number; deputy: "me" for the blocks that this reader heads;
    state: draft, active, done or cancelled (nothing: on the board); late: was late; due: the
    deadline is over; words: all of them stand in title or code, with
    accents or without; sort: one of SORTS (nothing: the
    most pressing first); at: a past instant; campaign: its code, for addresses
    (``selectors.choosing`` reads it): ``apply`` is given the campaign itself.
    """

    light: tuple[str, ...] = ()
    group: int | None = None
    block: int | None = None
    week: int | None = None
    row: int | None = None
    unit: str = ""
    kind: str = ""
    owner: str = ""
    deputy: str = ""
    state: str = ""
    late: bool = False
    due: bool = False
    words: str = ""
    sort: str = ""
    at: datetime | None = None
    campaign: str = ""

    @classmethod
    def from_query(cls, query: Any, *, now: datetime) -> TaskFilter:
        """From a QueryDict (or a dict of lists with ``getlist``)."""
        at = _asked(query.get("at", ""), query.get("moment", ""))
        kind, state = query.get("kind", ""), query.get("state", "")
        sort = query.get("sort", "")
        return cls(
            light=_lights(query.getlist("light")),
            **{name: _number(query.get(name, "")) for name in NUMBERS},
            unit=query.get("unit", "").replace("\x00", "?")[:40],
            kind=kind if kind in Task.Kind.values else "",
            owner=_owner(query.get("owner", "")),
            deputy="me" if query.get("deputy") == "me" else "",
            state=state if state in STATES else "",
            late=query.get("late") == "1",
            due=query.get("due") == "1",
            words=" ".join(query.get("q", "").replace("\x00", "").split())[:WORDS_AT_MOST].strip(),
            sort=sort if sort in SORTS else "",
            at=at if at is not None and at < now else None,
            campaign=_slug(query.get("campaign", "")),
        )

    def apply(self, user: User, campaign: Campaign) -> TaskQuerySet:
        """The visible tasks that fit, with their light as ``lit``."""
        rows: TaskQuerySet = Task.objects.visible_to(user).filter(campaign=campaign)
        if self.state == OPEN:
            rows = rows.exclude(state="cancelled")
        elif self.state in WITHOUT_LIGHT:
            rows = rows.filter(state=self.state)
        else:
            rows = rows.lit(self.at)
        rows = self._of_time(rows.filter(**self._lookups()))
        then = then_at(campaign, self.at) if self.at and (self.unit or self.owner) else TODAY
        if self.unit:
            rows = rows.alias(lead_code=then.lead("code")).filter(lead_code=self.unit)
        if self.owner:
            holder = user.pk if self.owner == "me" else int(self.owner)
            rows = rows.alias(holder=then.owner_id).filter(holder=holder)
        if self.deputy == "me":
            rows = rows.filter(block__deputy=user)
        if self.words:
            rows = rows.alias(bare_title=Bare("title"), bare_code=Bare("code"))
        for word in (fold(self.words) or self.words).split():
            rows = rows.filter(Q(bare_title__contains=word) | Q(bare_code__contains=word))
        return self._of_light(rows)

    def ordered(self, rows: TaskQuerySet, then: Then = TODAY) -> TaskQuerySet:
        """In the chosen order; equal ones by code, so that no row is on two pages."""
        if not self.sort:
            return rows.by_severity()
        rows = rows.alias(lead_name=then.lead("name"))
        column = F(SORTS[self.sort])
        order = column.desc(nulls_last=True) if self.sort[0] == "-" else column.asc(nulls_last=True)
        return rows.order_by(order, "code", "pk")

    def _of_time(self, rows: TaskQuerySet) -> TaskQuerySet:
        if not self.due:
            return rows
        bound = rows.alias(bound=deadline_at(self.at))
        return bound.filter(bound__lte=self.at or Now())  # type: ignore[no-any-return]

    def _of_light(self, rows: TaskQuerySet) -> TaskQuerySet:
        if self.light and self.state not in WITHOUT_LIGHT:
            rows = rows.with_light(*self.light)
        if self.state == "active":
            rows = rows.exclude(lit=Light.DONE)
        if self.state == "done":
            rows = rows.with_light(Light.DONE)
        return rows

    def _lookups(self) -> Mapping[str, Any]:
        found = {
            column: getattr(self, name)
            for name, column in NUMBERS.items()
            if getattr(self, name) is not None
        }
        if self.group == NO_GROUP:
            found = {**found, "group__no": None}
        if self.kind:
            found["kind"] = self.kind
        if self.late:
            found["late_days__gt"] = 0
        return found

    @property
    def query(self) -> str:
        """As the query string of a link; empty values are left out."""
        parts = [f"light={light}" for light in self.light]
        parts += [
            f"{name}={value}" for name in PLAIN if (value := getattr(self, name)) not in UNSET
        ]
        parts += [f"{name}=1" for name in FLAGS if getattr(self, name)]
        if self.unit:
            parts.append(f"unit={quote(self.unit)}")
        if self.words:
            parts.append(f"q={quote(self.words)}")
        if self.sort:
            parts.append(f"sort={self.sort}")
        if self.campaign:
            parts.append(f"campaign={self.campaign}")
        if self.at is not None:
            parts.append(f"at={quote(self.at.isoformat())}")
        return "&".join(parts)

    def but(self, **changes: Any) -> TaskFilter:
        return replace(self, **changes)

    @property
    def any(self) -> bool:
        """Whether anything is filtered; order, instant and campaign filter nothing."""
        return self.but(sort="", at=None, campaign="") != TaskFilter()

    @property
    def kept(self) -> TaskFilter:
        """What a saved view keeps: filters and order, for whichever campaign and day is open."""
        return self.but(at=None, campaign="")


def _lights(given: list[str]) -> tuple[str, ...]:
    """One value each, or several in one: a field of one choice writes ``light=red,yellow``."""
    asked = dict.fromkeys(light for one in given for light in one.split(","))
    return tuple(light for light in asked if light in Light.values)


def _number(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) <= 3 else None


def _owner(given: str) -> str:
    number = given.isdecimal() and given.isascii() and len(given) <= OWNER_DIGITS
    return given if given == "me" or number else ""


def _slug(given: str) -> str:
    return given if CODE.fullmatch(given) else ""


def _asked(given: str, moment: str) -> datetime | None:
    """A field of days cannot hold an hour: ``moment`` has it as long as the day stays the same."""
    at, exact = _instant(given), _instant(moment)
    if at and exact and len(given) == DAY_LENGTH and localdate(exact) == localdate(at):
        return exact
    return at


def _instant(given: str) -> datetime | None:
    """An ISO instant, or a day: then the end of that day."""
    try:
        value = parse_datetime(given)
    except ValueError:
        return None
    if value is None or value.year < EARLIEST_YEAR:
        return None
    if len(given) == DAY_LENGTH:
        value = datetime.combine(value, time()) + timedelta(days=1, microseconds=-1)
    return make_aware(value, get_current_timezone()) if is_naive(value) else value
