"""Reasons as sentences: which role where until when, who opened what and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from security.held import Scope
from security.levels import Secrecy
from security.models import EmergencyAccess, Role, RoleGrant


@dataclass(frozen=True)
class Details:
    """What sentences need beyond the scopes: names of roles, givers, reasons of emergencies."""

    roles: dict[str, str]
    passed_on: dict[int, str]
    emergencies: dict[int, str]

    @classmethod
    def of(cls, scopes: Iterable[Scope]) -> Details:
        """Three queries, however many scopes."""
        ids: dict[bool, set[int]] = {True: set(), False: set()}
        for scope in scopes:
            ids[scope.is_emergency].add(scope.grant_id)
        passed_on = RoleGrant.objects.filter(pk__in=ids[False]).exclude(delegated_from=None)
        opened = EmergencyAccess.objects.filter(pk__in=ids[True])
        return cls(
            {role.code: str(role) for role in Role.objects.all()},
            dict(passed_on.values_list("pk", "delegated_from__user__full_name")),
            dict(opened.values_list("pk", "reason")),
        )

    def scope(self, scope: Scope, *, above: bool = False) -> str:
        """As in: Record keeper on Vụ A (above this unit), until 31/12/2026, up to internal."""
        if scope.is_emergency:
            return _("Emergency access to %(unit)s until %(at)s, because “%(reason)s”") % {
                "unit": scope.unit_name,
                "at": moment(scope.until),
                "reason": self.emergencies.get(scope.grant_id, ""),
            }
        where = _("%(role)s on %(unit)s") % {
            "role": self.roles.get(scope.role, scope.role),
            "unit": scope.unit_name,
        }
        if above:
            where += " " + _("(above this unit)")
        said = [where]
        if giver := self.passed_on.get(scope.grant_id):
            said.append(_("passed on by %(name)s") % {"name": giver})
        if scope.until is not None:
            said.append(_("until %(at)s") % {"at": moment(scope.until)})
        level = str(Secrecy(scope.level).label)
        said.append(_("up to %(level)s") % {"level": level[:1].lower() + level[1:]})
        return ", ".join(said)


def opened_to(grant: Any) -> str:
    """Who opened a row to this unit or person, until when and why."""
    said = (
        _("opened to %(unit)s") % {"unit": grant.grantee.name}
        if hasattr(grant, "grantee_id")
        else _("opened to this person")
    )
    if grant.granted_by is not None:
        said += " " + _("by %(name)s") % {"name": grant.granted_by.full_name}
    if grant.valid_to is not None:
        said += " " + _("until %(at)s") % {"at": moment(grant.valid_to)}
    if grant.reason:
        # What a service gave as its reason is marked for translation there; people's words are not.
        said += ", " + _("because “%(reason)s”") % {"reason": _(grant.reason)}
    return said


def moment(at: datetime | None) -> str:
    """The day where something lasts until its end, else with the time; "" without an end."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return date_format(local - timedelta(days=1), "d/m/Y")
    return date_format(local, "H:i d/m/Y")
