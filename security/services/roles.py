"""Giving and ending roles."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import yaml
from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.levels import Secrecy, Sensitivity
from security.models import Role, RoleGrant, RolePermission, Unit, User
from security.services.problems import Problem, RefusedError, check_action, check_level
from security.services.terms import Terms, check_dates, check_not_own, check_terms

ROLES_FILE = Path(__file__).parent.parent / "data" / "roles.yaml"


@transaction.atomic
def grant_role(
    *,
    actor: User | None,
    user: User,
    role: str,
    unit: Unit,
    now: datetime,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    max_level: int = Secrecy.INTERNAL,
    max_sensitivity: int = Sensitivity.NORMAL,
    reason: str = "",
) -> RoleGrant:
    """Give a role on a unit from ``valid_from`` (default: now) to ``valid_to``.

    Nobody gives a role to himself; a high role is asked for (``request_role``), never given.
    ``actor=None`` is the installation itself (bootstrap, demonstration).
    """
    terms = Terms(
        user=user,
        role=Role.objects.get(pk=role),
        unit=unit,
        valid_from=valid_from or now,
        valid_to=valid_to,
        max_level=max_level,
        max_sensitivity=max_sensitivity,
        reason=reason,
    )
    if actor is None:
        check_level(max_level)
        check_dates(terms, terms.valid_from)
    else:
        check_action(actor, "security.manage_access", unit)
        check_not_own(actor, user)
        check_terms(terms, now)
        if terms.high:
            raise RefusedError(
                Problem(
                    "needs_second_person",
                    _("This role comes into force only when a second person has approved it."),
                )
            )
    return write_grant(terms, granted_by=actor, approved_by=None)


def write_grant(terms: Terms, *, granted_by: User | None, approved_by: User | None) -> RoleGrant:
    """The row and its line on the trail; whoever calls this has checked the terms."""
    grant = RoleGrant.objects.create(
        **terms.fields(),
        granted_by=granted_by,
        approved_by=approved_by,
        high=approved_by is not None or terms.high,
    )
    audit.record(
        "role.granted" if terms.delegated_from is None else "role.delegated",
        actor=approved_by or granted_by,
        object_type="security.rolegrant",
        object_id=grant.pk,
        reason=terms.in_short,
    )
    return grant


@transaction.atomic
def end_role(*, actor: User | None, grant: RoleGrant, now: datetime, reason: str) -> RoleGrant:
    """End a role grant now; what is passed on from it ends with it.

    The row stays: who could see what, and when, must stay readable. One that has not begun yet
    never comes into force.
    """
    if actor is not None:
        check_action(actor, "security.manage_access", grant.unit)
        check_not_own(actor, grant.user)
    return write_end(grant, actor=actor, event="role.ended", now=now, reason=reason)


def write_end(
    grant: RoleGrant, *, actor: User | None, event: str, now: datetime, reason: str
) -> RoleGrant:
    """Set the end under a row lock; an end that has passed is history and is not moved."""
    grant = RoleGrant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
    if grant.valid_to is not None and grant.valid_to <= now:
        raise RefusedError(Problem("ended", _("This role has ended already.")))
    grant.valid_to = max(now, grant.valid_from)
    grant.save(update_fields=["valid_to"])
    audit.record(
        event, actor=actor, object_type="security.rolegrant", object_id=grant.pk, reason=reason
    )
    return grant


@transaction.atomic
def load_roles() -> int:
    """Create the roles and cells of roles.yaml that do not exist yet; what people changed is kept.

    Returns the number of roles created.
    """
    created = 0
    entries = yaml.safe_load(ROLES_FILE.read_text("utf-8"))
    for position, entry in enumerate(entries):
        _role, new = Role.objects.get_or_create(
            code=entry["code"],
            defaults={
                "name": entry["name"],
                "name_en": entry["name_en"],
                "position": position,
                **dict.fromkeys(entry.get("flags", ()), True),
            },
        )
        created += new
    RolePermission.objects.bulk_create(
        (
            RolePermission(role_id=entry["code"], action=action)
            for entry in entries
            for action in entry["actions"]
        ),
        ignore_conflicts=True,
    )
    return created
