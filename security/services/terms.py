"""The terms on which a role is given, and what is checked whichever way it comes about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from security import role_rules
from security.levels import Secrecy, Sensitivity
from security.models import Role, RoleGrant, RoleRequest, Unit, User
from security.role_rules import Span
from security.rules import Reach
from security.services.problems import Problem, RefusedError, check_level


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Who gets which role, where, from when to when, and up to what."""

    user: User
    role: Role
    unit: Unit
    valid_from: datetime
    valid_to: datetime | None = None
    max_level: int = Secrecy.INTERNAL
    max_sensitivity: int = Sensitivity.NORMAL
    delegated_from: RoleGrant | None = None
    reason: str = ""

    @property
    def span(self) -> Span:
        reach = Reach(self.unit.path, self.max_level, self.max_sensitivity)
        return Span(self.valid_from, self.valid_to, reach)

    @property
    def high(self) -> bool:
        """Whether a second person must approve."""
        allowed = self.role.permissions.filter(allowed=True)
        return role_rules.needs_second_person(
            role_is_high=self.role.high,
            level=self.max_level,
            actions=allowed.values_list("action", flat=True),
        )

    @property
    def in_short(self) -> str:
        """For the trail: names of the role, the unit and the account, no facts of a person."""
        return f"{self.role.pk} @ {self.unit.code}: {self.user.username}"

    def fields(self) -> dict[str, Any]:
        """Field values of a RoleGrant or a RoleRequest."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def terms_of(row: RoleGrant | RoleRequest) -> Terms:
    return Terms(**{name: getattr(row, name) for name in Terms.__dataclass_fields__})


def span_of(grant: RoleGrant) -> Span:
    reach = Reach(grant.unit.path, grant.max_level, grant.max_sensitivity)
    return Span(grant.valid_from, grant.valid_to, reach)


def check_terms(terms: Terms, now: datetime) -> User:
    """Refuse terms that nobody may give; returns the receiver, locked until the end.

    The lock puts two decisions about one person in a row: the second sees what the first gave.
    """
    check_level(terms.max_level)
    receiver = User.objects.select_for_update(no_key=True).get(pk=terms.user.pk)
    if not receiver.is_active:
        raise RefusedError(Problem("account_closed", _("This person's account is closed.")))
    # As it is now, and kept so: somebody may just be dissolving it.
    unit = Unit.objects.select_for_update(no_key=True).get(pk=terms.unit.pk)
    if unit.dissolved_on is not None:
        raise RefusedError(Problem("dissolved", _("This unit is dissolved.")))
    check_dates(terms, now)
    held = RoleGrant.objects.select_related("unit").filter(
        user=receiver, role=terms.role, delegated_from=terms.delegated_from
    )
    if role_rules.adds_nothing(terms.span, map(span_of, held)):
        raise RefusedError(Problem("already_held", _("This person holds this role there already.")))
    return receiver


def check_dates(terms: Terms, now: datetime) -> None:
    messages = {
        "begins_in_past": _("A role cannot begin in the past."),
        "ends_before_begin": _("The role would end before it begins."),
    }
    if fault := role_rules.date_fault(terms.span, now):
        raise RefusedError(Problem("dates", messages[fault]))


def check_not_own(actor: User, user: User) -> None:
    if actor.pk == user.pk:
        raise RefusedError(Problem("own_role", _("Nobody can change his own role.")))
