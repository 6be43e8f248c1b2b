"""The list of people an administrator manages: filtered, in pages, counted to a bound."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import QueryDict

from security.levels import Secrecy
from security.models import RoleGrant, Unit, User
from security.search import folded, folded_field
from security.selectors.tree import find_units, named_unit, units_where

PAGE = 50
COUNTED_TO = 1000
STATES = ("closed", "roleless", "cleared")


@dataclass(frozen=True)
class PeopleFilter:
    """What is asked for; empty fields do not restrict.

    unit: code or a part of a name, the units below it included. state: one of ``STATES``.
    """

    text: str = ""
    unit: str = ""
    state: str = ""
    page: int = 1

    @classmethod
    def of(cls, asked: QueryDict) -> PeopleFilter:
        """What an address asks for; anything odd in it restricts nothing."""
        number, state = asked.get("page", ""), asked.get("state", "")
        return cls(
            text=asked.get("q", "").strip()[:100],
            unit=(asked.get("unit_pick") or asked.get("unit", "")).strip()[:100],
            state=state if state in STATES else "",
            page=max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1,
        )

    def address(self, page: int) -> str:
        return "?" + urlencode(
            {"q": self.text, "unit": self.unit, "state": self.state, "page": page}
        )


@dataclass(frozen=True)
class PeoplePage:
    """One page; ``number`` is exact up to ``COUNTED_TO``. ``units``: what the unit text meant."""

    people: list[User]
    number: int
    units: list[Unit]
    newer_url: str
    older_url: str

    @property
    def many(self) -> bool:
        return self.number > COUNTED_TO

    @property
    def counted_to(self) -> int:
        return COUNTED_TO


def people_where(user: User, action: str, at: datetime) -> QuerySet[User]:
    """People of the units on which this user may do ``action``, with ``in_force`` roles."""
    in_force = RoleGrant.objects.in_force(at).select_related("role", "unit")
    people = User.objects.filter(unit__in=units_where(user, action)).select_related("unit")
    return people.prefetch_related(Prefetch("role_grants", queryset=in_force, to_attr="in_force"))


def found_people(
    user: User, at: datetime, asked: PeopleFilter, action: str = "security.manage_access"
) -> PeoplePage:
    """One page of those people."""
    mine = units_where(user, action)
    units, rows = _of_units(mine, asked, people_where(user, action, at))
    rows = _in_state(rows, asked.state, at)
    if asked.text:
        plain = folded(asked.text)
        rows = rows.alias(plain=folded_field("full_name")).filter(
            Q(plain__contains=plain) | Q(username__icontains=asked.text)
        )
    number = rows.order_by()[: COUNTED_TO + 1].count()
    start = (asked.page - 1) * PAGE
    shown = list(rows.order_by(folded_field("full_name"), "pk")[start : start + PAGE + 1])
    more = len(shown) > PAGE
    return PeoplePage(
        people=shown[:PAGE],
        number=number,
        units=units,
        newer_url=asked.address(asked.page - 1) if asked.page > 1 else "",
        older_url=asked.address(asked.page + 1) if more else "",
    )


def _of_units(
    mine: QuerySet[Unit], asked: PeopleFilter, rows: QuerySet[User]
) -> tuple[list[Unit], QuerySet[User]]:
    if not asked.unit:
        return [], rows
    one = named_unit(mine, asked.unit)
    units = [one] if one else list(find_units(mine, asked.unit)[:10])
    below: Any = Q(pk__in=[])
    for unit in units:
        below |= Q(unit__in=Unit.objects.under(unit))
    return units, rows.filter(below)


def _in_state(rows: QuerySet[User], state: str, at: datetime) -> QuerySet[User]:
    if state == "closed":
        return rows.filter(is_active=False)
    if state == "roleless":
        held = RoleGrant.objects.unended(at).filter(user=OuterRef("pk"))
        return rows.filter(~Exists(held), is_active=True)
    if state == "cleared":
        return rows.filter(clearance__gt=Secrecy.INTERNAL)
    return rows
