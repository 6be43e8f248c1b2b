"""Whose access may be explained to whom.

A role that reads rows (record keeper) explains the rows that its holder sees. A role that reads
none (security officer, administrator) explains every row of its reach up to its secrecy level:
kind, code, unit and level, never content, so personal data do not stand in its way.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from security.held import Scope
from security.kinds import view_actions
from security.models import Protected, User
from security.rules import path_range
from security.scope import scopes_of

EXPLAIN = "security.explain_access"


def explained_rows(user: User, model: type[Protected]) -> QuerySet[Any]:
    """Rows of this kind whose access may be explained to this user."""
    watching, reading = _split(user)
    seen = model._default_manager.visible_to(user).filter(_places(reading)).values("pk")
    wanted = _watched(watching, model)
    if reading:
        wanted |= Q(pk__in=seen)
    rows: QuerySet[Any] = model._default_manager.filter(wanted)
    return rows


def may_explain_person(user: User, person: User) -> bool:
    """Whether what this person sees may be explained: his unit lies in the user's reach."""
    return any(
        EXPLAIN in scope.actions and person.unit.path.startswith(scope.path)
        for scope in scopes_of(user)
    )


def explains_unit(user: User, path: str) -> bool:
    """Whether the user's reach covers the unit with this path."""
    return any(
        EXPLAIN in scope.actions and path.startswith(scope.path) for scope in scopes_of(user)
    )


def _split(user: User) -> tuple[list[Scope], list[Scope]]:
    """Scopes that explain without reading, and scopes that explain what they read."""
    scopes = [scope for scope in scopes_of(user) if EXPLAIN in scope.actions]
    watching = [scope for scope in scopes if not scope.actions & view_actions()]
    return watching, [scope for scope in scopes if scope.actions & view_actions()]


def _places(scopes: list[Scope]) -> Q:
    there = Q(pk__in=[])
    for scope in scopes:
        low, high = path_range(scope.path)
        there |= Q(unit_path__gte=low, unit_path__lt=high)
    return there


def _watched(scopes: list[Scope], model: type[Protected], prefix: str = "") -> Q:
    """By place and level, of the row and of everything it lies in."""
    there = Q(pk__in=[])
    for scope in scopes:
        low, high = path_range(scope.path)
        there |= Q(
            **{
                f"{prefix}unit_path__gte": low,
                f"{prefix}unit_path__lt": high,
                f"{prefix}level__lte": scope.level,
            }
        )
    for parent in model.parents:
        above: Any = model._meta.get_field(parent).related_model
        there &= _watched(scopes, above, f"{prefix}{parent}__")
    return there


def may_explain_shown(user: User, row: Protected) -> bool:
    """Whether a row that this user sees may also be explained to him; without any query."""
    return any(
        EXPLAIN in scope.actions
        and row.unit_path.startswith(scope.path)
        and (bool(scope.actions & view_actions()) or row.level <= scope.level)
        for scope in scopes_of(user)
    )
