"""The visibility rule read row by row in plain Python, without any SQL of the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from security.models import (
    EmergencyAccess,
    Protected,
    RoleGrant,
    RolePermission,
    Unit,
    User,
)


@dataclass(frozen=True)
class Held:
    """One role or emergency access of a person, as the rule counts it."""

    unit: Unit
    level: int
    sensitivity: int
    actions: frozenset[str]
    emergency: bool = False

    def covers(self, row: Protected) -> bool:
        return self.level >= row.level and self.sensitivity >= row.sensitivity


@dataclass(frozen=True)
class Oracle:
    """Everything the rule depends on, fetched whole; ``at`` is the one instant asked about."""

    at: datetime
    roles: list[RoleGrant]
    matrix: dict[str, frozenset[str]]
    emergencies: list[EmergencyAccess]
    units: dict[int, Unit]

    @classmethod
    def of(cls, at: datetime) -> Oracle:
        allowed: dict[str, set[str]] = {}
        for cell in RolePermission.objects.all():
            if cell.allowed:
                allowed.setdefault(cell.role_id, set()).add(cell.action)
        return cls(
            at,
            list(RoleGrant.objects.select_related("user", "delegated_from__user")),
            {role: frozenset(actions) for role, actions in allowed.items()},
            list(EmergencyAccess.objects.all()),
            {unit.pk: unit for unit in Unit.objects.all()},
        )

    def sees(self, user: User, row: Protected) -> bool:
        """The row and each of its parents pass by themselves."""
        if not all(self.sees(user, getattr(row, parent)) for parent in row.parents):
            return False
        return any(chain(self._by_place(user, row), self._by_grant(user, row)))

    def held(self, user: User) -> list[Held]:
        if not user.is_active:
            return []
        held = [
            one
            for grant in self.roles
            if grant.user_id == user.pk and (one := self._role(grant, user)) is not None
        ]
        if user.token_actions is not None:
            mine = user.token_actions
            return [Held(h.unit, h.level, h.sensitivity, h.actions & mine) for h in held]
        for access in self.emergencies:
            if access.user_id == user.pk and self._now(access.valid_from, access.valid_to):
                held += [
                    Held(
                        self.units[access.unit_id],
                        one.level,
                        one.sensitivity,
                        frozenset([access.action]),
                        emergency=True,
                    )
                    for one in list(held)
                    if "security.break_glass" in one.actions
                ]
        return held

    def _role(self, grant: RoleGrant, user: User) -> Held | None:
        if not self._now(grant.valid_from, grant.valid_to):
            return None
        unit = self.units[grant.unit_id]
        level, sensitivity = min(grant.max_level, user.clearance), grant.max_sensitivity
        if (origin := grant.delegated_from) is not None:
            giver = self._role(origin, origin.user) if origin.user.is_active else None
            if giver is None or origin.delegated_from_id or origin.role_id != grant.role_id:
                return None
            if not self._lies_in(unit, giver.unit):
                return None
            level, sensitivity = min(level, giver.level), min(sensitivity, giver.sensitivity)
        return Held(unit, level, sensitivity, self.matrix.get(grant.role_id, frozenset()))

    def _by_place(self, user: User, row: Protected) -> Iterable[bool]:
        opened_to = [
            grant.grantee_id
            for grant in _grants(row, "unit_grants")
            if self._now(grant.valid_from, grant.valid_to)
        ]
        for one in self.held(user):
            if row.view_action in one.actions and one.covers(row):
                yield self._lies_in(self.units[row.unit_id], one.unit)
                yield one.unit.pk in opened_to

    def _by_grant(self, user: User, row: Protected) -> Iterable[bool]:
        for grant in _grants(row, "user_grants"):
            if grant.user_id == user.pk and self._now(grant.valid_from, grant.valid_to):
                fitting = {row.view_action} | ({row.own_action} if not grant.valid_to else set())
                for one in self.held(user):
                    yield bool(one.actions & fitting) and not one.emergency and one.covers(row)

    def _now(self, begins: datetime, ends: datetime | None) -> bool:
        return begins <= self.at and (ends is None or ends > self.at)

    def _lies_in(self, unit: Unit, above: Unit) -> bool:
        """By parents, one after the other: the stored paths may be what is wrong."""
        step: Unit | None = unit
        while step is not None:
            if step.pk == above.pk:
                return True
            step = self.units[step.parent_id] if step.parent_id else None
        return False


def _grants(row: Protected, name: str) -> list[Any]:
    manager = getattr(row, name, None)
    return list(manager.all()) if manager is not None else []
