"""The one visibility filter.

    level <= clearance AND sensitivity <= cap
    AND (unit path in one of my scopes  OR  an unexpired grant on this row)

as plain path ranges: with 5 million rows an EXISTS or a sub-select over the unit tree took seconds
to minutes where ranges take about a millisecond (docs/adr/0002).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Field, Lookup, Model, OuterRef, Q
from django.db.models.functions import JSONObject, Now
from django.utils import timezone

from security.models.emergency import EmergencyAccess
from security.models.protected import Protected
from security.models.roles import RoleGrant, RolePermission
from security.rules import Reach, minimal_reaches, path_range

if TYPE_CHECKING:
    from security.models.units import Unit
    from security.models.users import User

    AnyLookup = Lookup[Any]
else:
    AnyLookup = Lookup

# A worker may hold one User longer than a request: look again after this many seconds.
SCOPES_STALE_AFTER = 30.0
EMERGENCY = "emergency"  # stands in place of a role code
BREAK_GLASS = "security.break_glass"


@dataclass(frozen=True)
class Scope:
    """A role grant in force, with the actions its role allows; or an emergency access."""

    grant_id: int
    role: str
    unit_id: int
    path: str
    level: int
    sensitivity: int
    actions: frozenset[str]
    mfa_required: bool = False

    @property
    def is_emergency(self) -> bool:
        return self.role == EMERGENCY

    @property
    def reach(self) -> Reach:
        return Reach(self.path, self.level, self.sensitivity)


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
    fresh = (
        user._scopes is not None and time.monotonic() - user._scopes_read_at < SCOPES_STALE_AFTER
    )
    if fresh and now is None and user._scopes is not None:
        return user._scopes
    scopes = _read_scopes(user, now or timezone.now())
    if now is None:
        user._scopes, user._scopes_read_at = scopes, time.monotonic()
    return scopes


def _read_scopes(user: User, now: datetime) -> list[Scope]:
    allowed = RolePermission.objects.filter(role=OuterRef("role"), allowed=True)
    emergencies = EmergencyAccess.objects.filter(user=OuterRef("user")).in_force(now)
    opened = JSONObject(pk="id", unit="unit_id", path="unit__path", action="action")
    rows = list(
        RoleGrant.objects.filter(user_id=user.pk)
        .in_force(now)
        .annotate(
            actions=ArraySubquery(allowed.values("action")),
            emergencies=ArraySubquery(emergencies.values(json=opened)),
        )
        .values_list(
            "id",
            "role_id",
            "unit_id",
            "unit__path",
            "max_level",
            "max_sensitivity",
            "actions",
            "role__mfa_required",
            "emergencies",
        )
    )
    scopes = [
        Scope(pk, role, unit, path, min(level, user.clearance), sensitivity, frozenset(names), mfa)
        for pk, role, unit, path, level, sensitivity, names, mfa, _emergencies in rows
    ]
    if any(BREAK_GLASS in scope.actions for scope in scopes):
        scopes += _emergency_scopes(scopes, rows[0][-1])
    if user.token_actions is None:
        return scopes
    return [replace(scope, actions=scope.actions & user.token_actions) for scope in scopes]


def _emergency_scopes(scopes: list[Scope], opened: list[dict[str, Any]]) -> list[Scope]:
    """Widen the place for a few hours; never beyond the caps the user's own roles have."""
    level = max(scope.level for scope in scopes)
    sensitivity = max(scope.sensitivity for scope in scopes)
    return [
        Scope(
            one["pk"],
            EMERGENCY,
            one["unit"],
            one["path"],
            level,
            sensitivity,
            frozenset([one["action"]]),
        )
        for one in opened
    ]


def roles_of(user: User) -> frozenset[str]:
    return frozenset(scope.role for scope in scopes_of(user) if not scope.is_emergency)


def may(user: User, action: str, on: Protected | Unit | None = None) -> bool:
    """Whether a role in force allows the action, anywhere (``on=None``) or on this unit or row."""
    scopes = [scope for scope in scopes_of(user) if action in scope.actions]
    if on is None:
        return bool(scopes)
    if isinstance(on, Protected):
        row = Reach(on.unit_path, on.level, on.sensitivity)
        return any(scope.reach.covers(row) for scope in scopes)
    return any(on.path.startswith(scope.path) for scope in scopes)


def allowed_by(user: User, row: Protected) -> str:
    """Which scope or grant shows this row to the user, in words for the trail."""
    reach = Reach(row.unit_path, row.level, row.sensitivity)
    for scope in sorted(scopes_of(user), key=lambda one: one.is_emergency):
        if row.view_action in scope.actions and scope.reach.covers(reach):
            if scope.is_emergency:
                return f"emergency access {scope.grant_id} on unit {scope.unit_id}"
            return f"role {scope.role} on unit {scope.unit_id} (grant {scope.grant_id})"
    return "object grant"


def visible_q(user: User, model: type[Model], prefix: str = "") -> Q:
    """The filter as one Q for ``model`` (or for a related protected row under ``prefix``)."""
    if not issubclass(model, Protected):
        raise TypeError(f"{model.__name__} is not a protected model")
    own = _row_q(user, model, prefix)
    for parent in model.parents:
        parent_model = model._meta.get_field(parent).related_model
        own &= visible_q(user, parent_model, f"{prefix}{parent}__")  # type: ignore[arg-type]
    return own


def _row_q(user: User, model: type[Protected], prefix: str) -> Q:
    scopes = [scope for scope in scopes_of(user) if model.view_action in scope.actions]
    shown = Q(pk__in=[])
    for reach in minimal_reaches(scope.reach for scope in scopes):
        low, high = path_range(reach.path)
        shown |= Q(
            **{
                f"{prefix}unit_path__gte": low,
                f"{prefix}unit_path__lt": high,
                f"{prefix}level__lte": reach.level,
                f"{prefix}sensitivity__lte": reach.sensitivity,
            }
        )
    return shown | _granted_q(user, scopes, model, prefix)


def _granted_q(user: User, scopes: list[Scope], model: type[Protected], prefix: str) -> Q:
    """Rows granted one by one, to the person or to a unit where he has a viewing role.

    A grant widens the place, never the clearance: the row's level and sensitivity must stay
    within what some role of the user allows anyway.
    """
    nothing = Q(pk__in=[])
    related = {r.get_accessor_name(): r.related_model for r in model._meta.related_objects}
    if not scopes_of(user) or not {"user_grants", "unit_grants"} & related.keys():
        return nothing
    granted = nothing
    if "user_grants" in related:
        granted |= _listed(related["user_grants"], Q(user_id=user.pk), prefix)
    if "unit_grants" in related:
        units = [scope.unit_id for scope in scopes]
        granted |= _listed(related["unit_grants"], Q(grantee_id__in=units), prefix)
    return granted & Q(
        **{
            f"{prefix}level__lte": min(user.clearance, max(s.level for s in scopes_of(user))),
            f"{prefix}sensitivity__lte": max(s.sensitivity for s in scopes_of(user)),
        }
    )


def _listed(grants: Any, whose: Q, prefix: str) -> Q:
    rows = grants.objects.filter(whose).in_force(Now()).values("content_object_id")
    return Q(**{f"{prefix}pk__any_of": ArraySubquery(rows)})
