"""The one visibility filter.

    level and sensitivity within the caps of one of my scopes
    AND (unit path in that scope  OR  row opened to exactly that scope's unit)
    OR an unexpired grant on this row to me, within the caps of one of my roles for such rows

as plain path ranges: with 5 million rows an EXISTS or a sub-select over the unit tree took seconds
to minutes where ranges take about a millisecond (docs/adr/0002). Clearance caps every scope when
it is read (``security.held``). Caps are pairs and never mixed: a row passes by one role as a whole.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Field, Lookup, Model, Q
from django.db.models.functions import Now
from django.utils import timezone

from security.held import BREAK_GLASS, EMERGENCY, Scope, read_scopes
from security.kinds import grant_model
from security.models.protected import Protected
from security.rules import Reach, minimal_caps, minimal_reaches, path_range

if TYPE_CHECKING:
    from security.models.units import Unit
    from security.models.users import User

    AnyLookup = Lookup[Any]
else:
    AnyLookup = Lookup

__all__ = [
    "BREAK_GLASS",
    "EMERGENCY",
    "Scope",
    "allowed_by",
    "caps_on",
    "may",
    "read_ahead",
    "roles_of",
    "scopes_of",
    "visible_q",
]

# A worker may hold one User longer than a request: look again after this many seconds.
SCOPES_STALE_AFTER = 30.0
Caps = tuple[int, int]  # level, sensitivity


@Field.register_lookup
class AnyOf(AnyLookup):
    """``pk__any_of=ArraySubquery(…)`` → ``id = ANY(ARRAY(SELECT …))``: evaluated once per query."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"{lhs} = ANY({rhs})", (*lhs_params, *rhs_params)


def scopes_of(user: User, now: datetime | None = None) -> list[Scope]:
    """The user's role grants and emergency accesses in force; read once per request.

    One query. A request signed by a token has at most the actions of that token.
    """
    if not user.is_authenticated or not user.is_active:
        return []
    if now is not None:
        return read_scopes([user], now)[user.pk]
    fresh = time.monotonic() - user._scopes_read_at < SCOPES_STALE_AFTER
    if user._scopes is None or not fresh:
        user._scopes = read_scopes([user], timezone.now())[user.pk]
        user._scopes_read_at = time.monotonic()
    return user._scopes


def read_ahead(users: Collection[User]) -> None:
    """Read the scopes of all these people in one query, as each would read his own by himself."""
    read = read_scopes(users, timezone.now())
    for user in users:
        user._scopes, user._scopes_read_at = read[user.pk], time.monotonic()


def roles_of(user: User) -> frozenset[str]:
    return frozenset(scope.role for scope in scopes_of(user) if not scope.is_emergency)


def may(user: User, action: str, on: Protected | Unit | None = None) -> bool:
    """Whether a role in force allows the action, anywhere (``on=None``) or on this unit or row."""
    scopes = _holding(scopes_of(user), action)
    if on is None:
        return bool(scopes)
    if isinstance(on, Protected):
        return any(scope.reach.covers(reach_of(on)) for scope in scopes)
    return any(on.path.startswith(scope.path) for scope in scopes)


def allowed_by(user: User, row: Protected) -> str:
    """Which scope or grant shows this (visible) row to the user, in words for the trail.

    An open emergency access is named only where the row, or what it lies in, could not be seen
    without it.
    """
    viewing = _holding(scopes_of(user), row.view_action)
    opened = [scope for scope in viewing if scope.is_emergency]
    if opened and not _seen_without_emergency(user, row):
        best = next((one for one in opened if one.reach.covers(reach_of(row))), opened[0])
        return f"emergency access {best.grant_id} on unit {best.unit_id}"
    for scope in viewing:
        if not scope.is_emergency and scope.reach.covers(reach_of(row)):
            return f"role {scope.role} on unit {scope.unit_id} (grant {scope.grant_id})"
    return "object grant"


def caps_on(user: User, row: Protected) -> list[Caps]:
    """(level, sensitivity) pairs up to which the user may read fields of this (visible) row.

    Of the scopes in which the row lies, and of those that carry a grant on it. The grants are asked
    (two small queries) only where they could add something.
    """
    scopes = scopes_of(user)
    viewing = _holding(scopes, row.view_action)
    here = minimal_caps(one.caps for one in viewing if row.unit_path.startswith(one.path))
    model = type(row)
    elsewhere = [one.caps for one in viewing] + lent_caps(scopes, model, lasting=True)
    if all(_included(caps, here) for caps in elsewhere):
        return here
    return minimal_caps([*here, *_granted_caps(user, scopes, row)])


def _granted_caps(user: User, scopes: list[Scope], row: Protected) -> list[Caps]:
    model = type(row)
    caps: list[Caps] = []
    if (grants := grant_model(model, "unit_grants")) is not None:
        there = grants.objects.filter(content_object=row.pk).in_force(Now())
        units = set(there.values_list("grantee_id", flat=True))
        caps += [one.caps for one in _holding(scopes, row.view_action) if one.unit_id in units]
    if (grants := grant_model(model, "user_grants")) is not None:
        mine = grants.objects.filter(content_object=row.pk, user_id=user.pk).in_force(Now())
        for valid_to in mine.values_list("valid_to", flat=True):
            caps += lent_caps(scopes, model, lasting=valid_to is None)
    return caps


def _included(caps: Caps, pairs: list[Caps]) -> bool:
    return any(caps[0] <= level and caps[1] <= other for level, other in pairs)


def reach_of(row: Protected) -> Reach:
    return Reach(row.unit_path, row.level, row.sensitivity)


def lent_caps(scopes: Iterable[Scope], model: type[Protected], *, lasting: bool) -> list[Caps]:
    """Caps for rows opened to the person himself: a grant widens the place and nothing else.

    Only roles that show such rows lend theirs; to a grant without an end (one's own record) also
    the role for that. An emergency lends nothing: it opens a unit.
    """
    actions = {model.view_action} | ({model.own_action} if lasting else set())
    return minimal_caps(
        scope.caps for scope in scopes if scope.actions & actions and not scope.is_emergency
    )


def visible_q(user: User, model: type[Model], prefix: str = "") -> Q:
    """The filter as one Q for ``model`` (or for a related protected row under ``prefix``): the row
    itself and every parent must pass."""
    if not issubclass(model, Protected):
        raise TypeError(f"{model.__name__} is not a protected model")
    return scopes_q(user, scopes_of(user), model, prefix)


def scopes_q(user: User, scopes: list[Scope], model: type[Protected], prefix: str = "") -> Q:
    """What these scopes of the user show, and what was opened to him on the strength of them."""
    passes = _row_q(user, scopes, model, prefix)
    for parent in model.parents:
        above: Any = model._meta.get_field(parent).related_model
        passes &= scopes_q(user, scopes, above, f"{prefix}{parent}__")
    return passes


def _row_q(user: User, scopes: list[Scope], model: type[Protected], prefix: str) -> Q:
    viewing = _holding(scopes, model.view_action)
    shown = Q(pk__in=[])
    for reach in minimal_reaches(scope.reach for scope in viewing):
        low, high = path_range(reach.path)
        place = Q(**{f"{prefix}unit_path__gte": low, f"{prefix}unit_path__lt": high})
        shown |= place & _within([(reach.level, reach.sensitivity)], prefix)
    if (grants := grant_model(model, "unit_grants")) is not None:
        for caps, units in _units_by_caps(viewing).items():
            shown |= _listed(grants, Q(grantee_id__in=units), prefix) & _within([caps], prefix)
    if (grants := grant_model(model, "user_grants")) is not None:
        mine = Q(user_id=user.pk)
        lent = lent_caps(scopes, model, lasting=False)
        if lent:
            shown |= _listed(grants, mine, prefix) & _within(lent, prefix)
        own = [caps for caps in lent_caps(scopes, model, lasting=True) if caps not in lent]
        if own:
            forever = mine & Q(valid_to=None)
            shown |= _listed(grants, forever, prefix) & _within(own, prefix)
    return shown


def _units_by_caps(scopes: list[Scope]) -> dict[Caps, list[int]]:
    units: dict[Caps, list[int]] = defaultdict(list)
    for scope in scopes:
        units[scope.caps].append(scope.unit_id)
    return units


def _within(pairs: Iterable[Caps], prefix: str) -> Q:
    within = Q(pk__in=[])
    for level, sensitivity in pairs:
        within |= Q(**{f"{prefix}level__lte": level, f"{prefix}sensitivity__lte": sensitivity})
    return within


def _listed(grants: Any, whose: Q, prefix: str) -> Q:
    rows = grants.objects.filter(whose).in_force(Now()).values("content_object_id")
    return Q(**{f"{prefix}pk__any_of": ArraySubquery(rows)})


def _holding(scopes: list[Scope], action: str) -> list[Scope]:
    return [scope for scope in scopes if action in scope.actions]


def _seen_without_emergency(user: User, row: Protected) -> bool:
    plain = [scope for scope in scopes_of(user) if not scope.is_emergency]
    rows = type(row)._default_manager.filter(scopes_q(user, plain, type(row)))
    return rows.filter(pk=row.pk).exists()
