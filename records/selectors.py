"""Reads of the registers: pages in name order, capped counts, units to filter by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Q

from records.folding import fold
from records.models import Member
from records.models.members import MemberQuerySet
from records.models.naming import NAME_ORDER, NamedQuerySet, Position
from records.rules import normalise_card_number, normalise_profile_number
from security.models import Unit, User
from security.rules import minimal_reaches
from security.scope import scopes_of

PAGE_SIZE = 50
COUNT_CAP = 1000
UNITS_OFFERED = 300


@dataclass(frozen=True)
class NamePage:
    """One page in name order; ``newer`` and ``older`` are cursors, '' where there is no page.

    A cursor names a row by id, never a person by name: addresses end up in logs.
    """

    rows: list[Any]
    newer: str
    older: str


@dataclass(frozen=True)
class _Place:
    forward: bool
    stage: int
    position: Position | None


@dataclass(frozen=True)
class Found:
    """What a search found: all rows, and the same rows cut into stages, the likest first."""

    rows: NamedQuerySet
    stages: list[NamedQuerySet]


def matches(rows: NamedQuerySet, query: str) -> Found:
    """``rows`` found by ``query``.

    Folding keeps a word of accents only ("Ấ" → "a"), so a query without any letter or digit finds
    nothing. A profile or card number finds exactly its member.
    """
    if not query.strip():
        return Found(rows, [rows])
    if not fold(query):
        return Found(rows.none(), [rows.none()])
    if re.search(r"[0-9]", query) and rows.model is Member:
        numbered = _numbered(rows, query)
        return Found(numbered, [numbered])
    return Found(rows.named(query), rows.in_order_of_likeness(query))


def name_page(found: Found, cursor: str = "") -> NamePage:
    """Up to PAGE_SIZE rows of the stages, one after the other, each in name order.

    An unknown or foreign cursor gives the first page.
    """
    place = _place_of(found.stages, cursor)
    walked = _walk(found.stages, place)
    more, walked = len(walked) > PAGE_SIZE, walked[:PAGE_SIZE]
    if not place.forward:
        walked.reverse()
    if not walked:
        return NamePage([], "", "")
    newer = _cursor("b", walked[0]) if (place.position if place.forward else more) else ""
    older = _cursor("a", walked[-1]) if (more or not place.forward) else ""
    return NamePage([row for _stage, row in walked], newer, older)


def count_text(found: Found, page: NamePage) -> str:
    """How many rows there are, as far as it is worth counting: "12", "1000+"."""
    if not page.newer and not page.older:
        return str(len(page.rows))
    total = found.rows.order_by()[: COUNT_CAP + 1].count()
    return f"{COUNT_CAP}+" if total > COUNT_CAP else str(total)


def units_to_choose(user: User, action: str, current: Unit | None) -> list[tuple[int, str]]:
    """(id, label) for the unit filter: the way down to ``current``, then what lies below it.

    One step of the tree at a time: a province has thousands of cells.
    """
    tops = [
        reach.path
        for reach in minimal_reaches(s.reach for s in scopes_of(user) if action in s.actions)
    ]
    if current is None:
        top_ids = [_ids(path)[-1] for path in tops]
        wanted = Q(pk__in=top_ids) | (Q(parent__in=top_ids) if len(top_ids) == 1 else Q())
        way: list[int] = []
    else:
        above = max((top for top in tops if current.path.startswith(top)), key=len, default="")
        way = _ids(current.path)[len(_ids(above)) - 1 :] if above else [current.pk]
        wanted = Q(pk__in=way) | Q(parent=current)
    units = Unit.objects.filter(wanted).filter(dissolved_on=None)[:UNITS_OFFERED]
    first = min((unit.path.count("/") for unit in units), default=0)
    return [(unit.pk, "– " * (unit.path.count("/") - first) + unit.name) for unit in units]


def unit_in_reach(user: User, action: str, pk: str) -> Unit | None:
    """The unit with this id if it lies where the user may do ``action``; else None."""
    if not re.fullmatch(r"[0-9]{1,18}", pk):
        return None
    unit = Unit.objects.filter(pk=int(pk)).first()
    reached = unit is not None and any(
        action in scope.actions and unit.path.startswith(scope.path) for scope in scopes_of(user)
    )
    return unit if reached else None


def _numbered(rows: NamedQuerySet, query: str) -> NamedQuerySet:
    wanted = Q(pk__in=[])
    if profile := normalise_profile_number(query):
        wanted |= Q(profile_number=profile)
    if card := normalise_card_number(query):
        wanted |= Q(card_number=card)
    return cast("MemberQuerySet", rows.filter(wanted))


def _place_of(stages: Sequence[NamedQuerySet], cursor: str) -> _Place:
    found = re.fullmatch(r"([ab])([0-9])\.([0-9]{1,18})", cursor)
    if not found or int(found[2]) >= len(stages):
        return _Place(forward=True, stage=0, position=None)
    stage = int(found[2])
    position = stages[stage].filter(pk=int(found[3])).values_list(*NAME_ORDER).first()
    if position is None:
        return _Place(forward=True, stage=0, position=None)
    return _Place(forward=found[1] == "a", stage=stage, position=cast("Position", position))


def _walk(stages: Sequence[NamedQuerySet], place: _Place) -> list[tuple[int, Any]]:
    """One row more than a page from the place on, in reading direction."""
    numbers = range(place.stage, len(stages)) if place.forward else range(place.stage, -1, -1)
    found: list[tuple[int, Any]] = []
    for number in numbers:
        rows = stages[number]
        if place.position and number == place.stage:
            rows = rows.after(place.position) if place.forward else rows.before(place.position)
        rows = rows.in_name_order() if place.forward else rows.against_name_order()
        found += [(number, row) for row in rows[: PAGE_SIZE + 1 - len(found)]]
        if len(found) > PAGE_SIZE:
            break
    return found


def _cursor(direction: str, found: tuple[int, Any]) -> str:
    return f"{direction}{found[0]}.{found[1].pk}"


def _ids(path: str) -> list[int]:
    return [int(part) for part in path.strip("/").split("/")]
