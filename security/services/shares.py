"""Opening a single row to a person or a unit for a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.held import read_scopes
from security.kinds import grant_model
from security.models import Protected, RoleGrant, Unit, User
from security.rules import minimal_caps
from security.scope import lent_caps, reach_of
from security.services.problems import Problem, RefusedError, check_action

SHARE = "security.share_row"
MAX_DAYS = 90


@transaction.atomic
def share_row(
    *, actor: User, row: Protected, to: User | Unit, until: datetime, reason: str, now: datetime
) -> Any:
    """Open ``row`` to a person or to a unit's people until a moment at most 90 days away.

    The actor must hold ``security.share_row`` over the row and see it himself. It opens nothing
    that the receiver's clearance and roles would not show him in his own place. A share that has
    ended begins anew; one in force is prolonged or cut to the new end. Returns the grant.
    """
    row = _locked(row)
    check_action(actor, SHARE, row)
    _check_seen(actor, row)
    reason = " ".join(reason.split())
    _check_terms(actor, to, until, reason, now)
    table = _table(row, to)
    if isinstance(to, User):
        _check_person(row, to, now)
    else:
        _check_unit(row, to, now)
    holder = {"user" if isinstance(to, User) else "grantee": to}
    terms = {"valid_to": until, "reason": reason, "granted_by": actor}
    key = {**holder, "content_object": row, "permission": _permission(row)}
    grant = table.objects.select_for_update().filter(**key).first()
    if grant is None:
        grant = table.objects.create(**key, **terms, valid_from=now)
    else:
        if grant.valid_to is None:
            raise RefusedError(Problem("lasting", _("This row is open to him without an end.")))
        if grant.valid_to <= now:
            grant.valid_from = now
        for name, value in terms.items():
            setattr(grant, name, value)
        grant.save()
    audit.record(
        "row.shared",
        actor=actor,
        row=row,
        reason=f"{_named(to)} until {until.isoformat(timespec='minutes')}: {reason}",
    )
    return grant


@transaction.atomic
def end_share(*, actor: User, row: Protected, grant: Any, reason: str, now: datetime) -> Any:
    """Close a shared row again, at once. What was opened without an end is not a share."""
    row = _locked(row)
    check_action(actor, SHARE, row)
    _check_seen(actor, row)
    grant = type(grant).objects.select_for_update().get(pk=grant.pk, content_object=row)
    if not type(row).shareable or grant.valid_to is None:
        raise RefusedError(Problem("lasting", _("This is not a share for a time.")))
    if grant.valid_to <= now:
        raise RefusedError(Problem("ended", _("This share has ended already.")))
    grant.valid_to = max(now, grant.valid_from)
    grant.save(update_fields=["valid_to"])
    to = grant.user if hasattr(grant, "user_id") else grant.grantee
    audit.record("row.share_ended", actor=actor, row=row, reason=f"{_named(to)}: {reason}")
    return grant


def _locked(row: Protected) -> Protected:
    """The row as it is now: its level may just be changing, or a second share be on its way."""
    rows = type(row)._default_manager.select_for_update(of=("self",))
    locked: Protected = rows.get(pk=row.pk)
    return locked


def _check_seen(actor: User, row: Protected) -> None:
    if not type(row)._default_manager.visible_to(actor).filter(pk=row.pk).exists():
        raise RefusedError(Problem("not_allowed", _("Your role does not allow this here.")))


def _check_terms(actor: User, to: User | Unit, until: datetime, reason: str, now: datetime) -> None:
    problems = []
    if to == actor:
        problems.append(Problem("own_role", _("Nobody opens a row to himself.")))
    if not now < until <= now + timedelta(days=MAX_DAYS):
        text = _("A row is opened for at most %(n)d days; give a day that is still to come.")
        problems.append(Problem("dates", text % {"n": MAX_DAYS}))
    if not reason:
        problems.append(Problem("reason", _("Say what it is needed for.")))
    if problems:
        raise RefusedError(*problems)


def _table(row: Protected, to: User | Unit) -> Any:
    holder = "user_grants" if isinstance(to, User) else "unit_grants"
    table = grant_model(type(row), holder) if type(row).shareable else None
    if table is None:
        raise RefusedError(Problem("kind", _("Rows of this kind are not opened one by one to it.")))
    return table


def _check_person(row: Protected, person: User, now: datetime) -> None:
    if not person.is_active:
        raise RefusedError(Problem("disabled", _("This account is closed.")))
    if person.clearance < row.level:
        text = _("%(name)s is not cleared for this secrecy level.") % {"name": person.full_name}
        raise RefusedError(Problem("clearance", text))
    caps = lent_caps(read_scopes([person], now)[person.pk], type(row), lasting=False)
    if not _covered(caps, row):
        text = _(
            "No role of %(name)s shows rows of this kind up to its secrecy level and sensitivity."
        )
        raise RefusedError(Problem("no_role", text % {"name": person.full_name}))


def _check_unit(row: Protected, unit: Unit, now: datetime) -> None:
    """Somebody must be able to read it there: a share that reaches nobody is a mistake."""
    if unit.dissolved_on is not None:
        raise RefusedError(Problem("dissolved", _("This unit is dissolved.")))
    there = RoleGrant.objects.in_force(now).filter(unit=unit, user__is_active=True)
    people = list(User.objects.filter(pk__in=there.values("user")))
    for scopes in read_scopes(people, now).values():
        roles = [s for s in scopes if s.unit_id == unit.pk and row.view_action in s.actions]
        if _covered(minimal_caps(s.caps for s in roles if not s.is_emergency), row):
            return
    text = _(
        "Nobody's role on %(unit)s shows rows of this kind up to its secrecy level and sensitivity."
    )
    raise RefusedError(Problem("no_role", text % {"unit": unit.name}))


def _covered(caps: list[tuple[int, int]], row: Protected) -> bool:
    reach = reach_of(row)
    return any(level >= reach.level and other >= reach.sensitivity for level, other in caps)


def _permission(row: Protected) -> Permission:
    return Permission.objects.get(
        content_type__app_label=row._meta.app_label,
        content_type__model=row._meta.model_name,
        codename=f"view_{row._meta.model_name}",
    )


def _named(to: User | Unit) -> str:
    return f"user {to.pk}" if isinstance(to, User) else f"unit {to.pk}"
