"""Everybody who sees one row, and why: the exact inverse of the filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from security.explain import words
from security.held import Scope, read_scopes
from security.kinds import grant_model
from security.models import EmergencyAccess, Protected, RoleGrant, User
from security.rules import units_of
from security.scope import lent_caps, reach_of


@dataclass(frozen=True)
class Reason:
    """One thing that shows the row: a scope, by place or by what was opened, or a grant to him.

    part: what it is about where the row lies in another one ("Dossier"), else ''.
    """

    text: str
    is_emergency: bool = False
    part: str = ""


@dataclass
class Seer:
    """Somebody who sees the row; with the reasons for it and for what it lies in."""

    user: User
    reasons: list[Reason] = field(default_factory=list)


@dataclass
class _Part:
    """The row or one of its parents, with what was opened to people and units."""

    row: Protected
    name: str
    to_people: dict[int, list[Any]]
    to_units: dict[int, Any]


def who_can_see(row: Protected, at: datetime) -> list[Seer]:
    """Every active person who sees ``row`` at that time, by name.

    Nine queries and six for each parent, whatever the number of people.
    """
    parts = list(_parts(row, at))
    wanted = set.intersection(*(_candidates(part, at) for part in parts))
    people = list(
        User.objects.filter(pk__in=wanted, is_active=True)
        .select_related("unit")
        .order_by("full_name", "pk")
    )
    scopes = read_scopes(people, at)
    details = words.Details.of([one for held in scopes.values() for one in held])
    seers = [Seer(one, _reasons(one, scopes[one.pk], parts, details)) for one in people]
    return [seer for seer in seers if seer.reasons]


def _parts(row: Protected, at: datetime, name: str = "") -> Iterator[_Part]:
    opened = {
        holder: _grants(row, holder, person, at)
        for holder, person in (("user_grants", "user"), ("unit_grants", "grantee"))
    }
    to_people: dict[int, list[Any]] = {}
    for grant in opened["user_grants"]:
        to_people.setdefault(grant.user_id, []).append(grant)
    to_units = {grant.grantee_id: grant for grant in opened["unit_grants"]}
    yield _Part(row, name, to_people, to_units)
    for parent in row.parents:
        above: Protected = getattr(row, parent)
        yield from _parts(above, at, str(type(above).kind_name))


def _grants(row: Protected, holder: str, person: str, at: datetime) -> list[Any]:
    table = grant_model(type(row), holder)
    if table is None:
        return []
    there = table.objects.filter(content_object=row.pk).in_force(at)
    return list(there.select_related(person, "granted_by"))


def _candidates(part: _Part, at: datetime) -> set[int]:
    """Whoever holds something on the way down to the row, or to whom it was opened."""
    units = [*units_of(part.row.unit_path), *part.to_units]
    action = part.row.view_action
    roles = RoleGrant.objects.in_force(at).filter(
        Q(role__permissions__action=action, role__permissions__allowed=True), unit_id__in=units
    )
    opened = EmergencyAccess.objects.in_force(at).filter(unit_id__in=units, action=action)
    found = set(roles.values_list("user_id", flat=True))
    found |= set(opened.values_list("user_id", flat=True))
    return found | part.to_people.keys()


def _reasons(
    user: User, scopes: list[Scope], parts: list[_Part], details: words.Details
) -> list[Reason]:
    """Empty unless every part passes by itself."""
    reasons: list[Reason] = []
    for part in parts:
        here = [*_by_scope(scopes, part, details), *_by_grant(user, scopes, part)]
        if not here:
            return []
        reasons += here
    return reasons


def _by_scope(scopes: list[Scope], part: _Part, details: words.Details) -> Iterator[Reason]:
    row, reach = part.row, reach_of(part.row)
    for scope in scopes:
        if row.view_action not in scope.actions:
            continue
        if scope.reach.covers(reach):
            text = details.scope(scope, above=scope.unit_id != row.unit_id)
            yield Reason(text, scope.is_emergency, part.name)
        elif scope.unit_id in part.to_units and _covers(scope.caps, row):
            opened = words.opened_to(part.to_units[scope.unit_id])
            yield Reason(f"{opened}; {details.scope(scope)}", scope.is_emergency, part.name)


def _by_grant(user: User, scopes: list[Scope], part: _Part) -> Iterator[Reason]:
    for grant in part.to_people.get(user.pk, ()):
        lent = lent_caps(scopes, type(part.row), lasting=grant.valid_to is None)
        if any(_covers(caps, part.row) for caps in lent):
            yield Reason(words.opened_to(grant), part=part.name)


def _covers(caps: tuple[int, int], row: Protected) -> bool:
    return caps[0] >= row.level and caps[1] >= row.sensitivity
