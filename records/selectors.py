"""Reads of the registers: pages in name order, capped counts, units to filter by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Q

from records.fields import field_of
from records.folding import fold
from records.models import Member
from records.models.members import MemberQuerySet
from records.models.naming import (
    LIKENESS_ORDER,
    NAME_ORDER,
    Keys,
    NamedQuerySet,
    Position,
)
from records.rules import normalise_card_number, normalise_profile_number
from security.fields import where_readable
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
class Found:
    """Rows and the order in which they are listed."""

    rows: NamedQuerySet
    query: str = ""  # of a search by name: the likest first


def matches(rows: NamedQuerySet, query: str, *, user: User) -> Found:
    """``rows`` found by ``query``; all of them when it is blank.

    Folding keeps only letters and digits, so a query without any finds nothing. A profile or card
    number finds exactly its member, where the user may read it. Raises HiddenFieldError.
    """
    if not query.strip():
        return Found(rows)
    if not fold(query):
        return Found(rows.none())
    if re.search(r"[0-9]", query) and rows.model is Member:
        numbers = (field_of(Member, key) for key in ("profile_number", "card_number"))
        return Found(_numbered(where_readable(user, rows, *numbers), query))
    return Found(rows.named(query), query)


def name_page(found: Found, cursor: str = "") -> NamePage:
    """Up to PAGE_SIZE rows in name order, after a search the likest first.

    A search costs as much as it has matches: ordering by likeness keeps the planner from walking
    the whole name index in search of rare ones. An unknown or foreign cursor gives the first page.
    """
    rows, keys = found.rows, NAME_ORDER
    if found.query:
        rows, keys = rows.with_likeness(found.query), LIKENESS_ORDER
    position, backwards = _position(rows, keys, cursor)
    if position:
        rows = rows.beyond(keys, position, backwards=backwards)
    walked = _read(rows.in_order_of(keys, backwards=backwards)[: PAGE_SIZE + 1])
    more, walked = len(walked) > PAGE_SIZE, walked[:PAGE_SIZE]
    if not walked:
        return NamePage([], "", "")
    if backwards:
        walked.reverse()
    before, after = (more, True) if backwards else (bool(position), more)
    return NamePage(
        walked,
        newer=f"b{walked[0].pk}" if before else "",
        older=f"a{walked[-1].pk}" if after else "",
    )


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


def _read(ordered: NamedQuerySet) -> list[Any]:
    """The rows of an ordered slice with person and unit, joined only after the slice is cut.

    Joining first made PostgreSQL sort every match on disk instead of keeping the best fifty.
    """
    ids = list(ordered.values_list("pk", flat=True))
    known = ordered.model._default_manager.select_related("person", "unit").in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]


def _position(rows: NamedQuerySet, keys: Keys, cursor: str) -> tuple[Position | None, bool]:
    """Where the cursor's row stands, and whether the page lies in front of it."""
    parts = re.fullmatch(r"([ab])([0-9]{1,18})", cursor)
    if not parts:
        return None, False
    position = rows.filter(pk=int(parts[2])).values_list(*keys).first()
    return position, position is not None and parts[1] == "b"


def _ids(path: str) -> list[int]:
    return [int(part) for part in path.strip("/").split("/")]
