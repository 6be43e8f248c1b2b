"""What people hold: role grants and emergency accesses in force, read in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from security.kinds import view_actions
from security.models.emergency import EmergencyAccess
from security.models.roles import RoleGrant, RolePermission
from security.rules import Reach, minimal_caps

if TYPE_CHECKING:
    from security.models.users import User

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
    until: datetime | None = None
    unit_name: str = ""

    @property
    def is_emergency(self) -> bool:
        return self.role == EMERGENCY

    @property
    def reach(self) -> Reach:
        return Reach(self.path, self.level, self.sensitivity)

    @property
    def caps(self) -> tuple[int, int]:
        return self.level, self.sensitivity


def read_scopes(users: Collection[User], at: datetime) -> dict[int, list[Scope]]:
    """Scopes of each of these users at that time; one query for all of them.

    Nobody who is disabled holds anything. A token leaves its owner only its own actions, and no
    emergency: that is opened by a person in front of a screen, not for a program.
    """
    held: dict[int, list[Scope]] = {user.pk: [] for user in users}
    opened: dict[int, list[dict[str, Any]]] = {}
    by_id = {user.pk: user for user in users if user.is_active}
    for row in _grants(by_id, at):
        user = by_id[row["user_id"]]
        scope = _scope(row, user.clearance)
        if scope is not None:
            held[user.pk].append(scope)
            opened[user.pk] = row["emergencies"]
    for pk, scopes in held.items():
        actions = by_id[pk].token_actions if pk in by_id else None
        if actions is None:
            scopes += _emergency_scopes(scopes, opened.get(pk, []))
        else:
            scopes[:] = [replace(scope, actions=scope.actions & actions) for scope in scopes]
    return held


def _grants(users: Iterable[int], at: datetime) -> Iterable[Any]:
    allowed = RolePermission.objects.filter(role=OuterRef("role"), allowed=True)
    emergencies = EmergencyAccess.objects.filter(user=OuterRef("user")).in_force(at)
    opened = JSONObject(
        pk="id",
        unit="unit_id",
        path="unit__path",
        name="unit__name",
        action="action",
        until="valid_to",
    )
    return (
        RoleGrant.objects.filter(user_id__in=list(users))
        .in_force(at)
        .annotate(
            actions=ArraySubquery(allowed.values("action")),
            emergencies=ArraySubquery(emergencies.order_by("pk").values(json=opened)),
        )
        .values(
            "id",
            "user_id",
            "role_id",
            "unit_id",
            "unit__path",
            "unit__name",
            "max_level",
            "max_sensitivity",
            "valid_to",
            "actions",
            "role__mfa_required",
            "emergencies",
            "delegated_from_id",
            "delegated_from__role_id",
            "delegated_from__unit__path",
            "delegated_from__max_level",
            "delegated_from__max_sensitivity",
            "delegated_from__valid_to",
            "delegated_from__user__clearance",
        )
    )


def _scope(row: dict[str, Any], clearance: int) -> Scope | None:
    """The scope of one role grant; None where it is passed on beyond what its giver has now."""
    level, sensitivity = min(row["max_level"], clearance), row["max_sensitivity"]
    ends = [row["valid_to"]]
    if row["delegated_from_id"] is not None:
        origin = {
            key[16:]: value for key, value in row.items() if key.startswith("delegated_from__")
        }
        if row["role_id"] != origin["role_id"]:
            return None
        if not row["unit__path"].startswith(origin["unit__path"]):
            return None
        level = min(level, origin["max_level"], origin["user__clearance"])
        sensitivity = min(sensitivity, origin["max_sensitivity"])
        ends.append(origin["valid_to"])
    return Scope(
        row["id"],
        row["role_id"],
        row["unit_id"],
        row["unit__path"],
        level,
        sensitivity,
        frozenset(row["actions"]),
        row["role__mfa_required"],
        min((end for end in ends if end is not None), default=None),
        row["unit__name"],
    )


def _emergency_scopes(scopes: list[Scope], opened: list[dict[str, Any]]) -> list[Scope]:
    """Widen the place for a few hours, for reading alone, with the caps of the very roles that
    may break the glass; nothing once such a role has ended."""
    lent = minimal_caps(scope.caps for scope in scopes if BREAK_GLASS in scope.actions)
    return [
        Scope(
            one["pk"],
            EMERGENCY,
            one["unit"],
            one["path"],
            level,
            sensitivity,
            frozenset([one["action"]]) & view_actions(),
            until=datetime.fromisoformat(one["until"]),
            unit_name=one["name"],
        )
        for one in opened
        for level, sensitivity in lent
    ]
