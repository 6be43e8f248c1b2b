"""Changing what a role may do: it concerns everybody who holds it, so two people do it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.actions import LABELS
from security.models import MatrixChange, Role, RoleGrant, RolePermission, RoleRequest, Unit, User
from security.role_rules import POWERS_OVER_ACCESS
from security.scope import may
from security.services.problems import Problem, RefusedError, check_action

MANAGE, APPROVE = "security.manage_access", "security.approve_access"
Decision = RoleRequest.Decision


@transaction.atomic
def change_role_action(
    *, actor: User, role: Role, action: str, allowed: bool, reason: str, now: datetime
) -> MatrixChange:
    """Ask that a role may do an action, or no longer; nothing changes until it is approved.

    Only who manages access everywhere, and never for a role he holds himself. Giving and approving
    roles are no cells to be changed: they would raise every holder at once.
    """
    role = Role.objects.select_for_update(no_key=True).get(pk=role.pk)
    _check_everywhere(actor, MANAGE)
    _check_not_held(actor, role, now)
    if action not in LABELS:
        raise RefusedError(Problem("action", _("There is no such action.")))
    if action in POWERS_OVER_ACCESS:
        raise RefusedError(
            Problem("power", _("Giving and approving roles stay with the roles that have them."))
        )
    if not reason.strip():
        raise RefusedError(Problem("reason", _("Say why.")))
    if RolePermission.objects.filter(role=role, action=action, allowed=True).exists() == allowed:
        raise RefusedError(Problem("same", _("The matrix says so already.")))
    waiting = MatrixChange.objects.filter(role=role, action=action, decision=Decision.WAITING)
    if waiting.exists():
        raise RefusedError(
            Problem("already_asked", _("A change of this is waiting for approval already."))
        )
    change = MatrixChange.objects.create(
        role=role,
        action=action,
        allowed=allowed,
        reason=reason,
        requested_by=actor,
        requested_at=now,
    )
    _record("matrix.requested", actor, change)
    return change


@transaction.atomic
def approve_change(*, actor: User, change: MatrixChange, now: datetime) -> MatrixChange:
    """The second person's yes: the cell changes for every holder, from the next request on."""
    waiting = _lock_waiting(change)
    _check_second_person(actor, waiting, now)
    try:
        _check_everywhere(waiting.requested_by, MANAGE)
        _check_not_held(waiting.requested_by, waiting.role, now)
    except RefusedError as error:
        raise RefusedError(
            Problem("requester_lost", _("Whoever asked may no longer change this role."))
        ) from error
    RolePermission.objects.update_or_create(
        role=waiting.role, action=waiting.action, defaults={"allowed": waiting.allowed}
    )
    return _decide(waiting, Decision.APPROVED, actor=actor, now=now)


@transaction.atomic
def refuse_change(*, actor: User, change: MatrixChange, reason: str, now: datetime) -> MatrixChange:
    """The second person's no, with a reason."""
    waiting = _lock_waiting(change)
    _check_second_person(actor, waiting, now)
    if not reason.strip():
        raise RefusedError(Problem("reason", _("Say why.")))
    waiting.decision_reason = reason
    return _decide(waiting, Decision.REFUSED, actor=actor, now=now)


@transaction.atomic
def withdraw_change(*, actor: User, change: MatrixChange, now: datetime) -> MatrixChange:
    """Whoever asked takes it back before it is decided."""
    waiting = _lock_waiting(change)
    if waiting.requested_by_id != actor.pk:
        raise RefusedError(Problem("not_allowed", _("Only whoever asked can withdraw this.")))
    return _decide(waiting, Decision.WITHDRAWN, actor=actor, now=now)


def acts_everywhere(user: User, action: str) -> bool:
    """Whether somebody may do an action on every root of this organisation."""
    roots = Unit.objects.filter(parent=None, external=False)
    return may(user, action) and all(may(user, action, root) for root in roots)


def holds(user: User, role: Role, now: datetime) -> bool:
    return RoleGrant.objects.in_force(now).filter(user=user, role=role).exists()


def _check_everywhere(user: User, action: str) -> None:
    check_action(user, action)
    for root in Unit.objects.filter(parent=None, external=False):
        check_action(user, action, root)


def _check_not_held(user: User, role: Role, now: datetime) -> None:
    if holds(user, role, now):
        raise RefusedError(Problem("own_role", _("Nobody can change a role that he holds.")))


def _check_second_person(actor: User, change: MatrixChange, now: datetime) -> None:
    if actor.pk == change.requested_by_id:
        raise RefusedError(
            Problem("second_person", _("Somebody else than the one who asked must decide this."))
        )
    _check_everywhere(actor, APPROVE)
    _check_not_held(actor, change.role, now)


def _lock_waiting(change: MatrixChange) -> MatrixChange:
    locked = (
        MatrixChange.objects.select_for_update(of=("self",))
        .select_related("role", "requested_by")
        .get(pk=change.pk)
    )
    if locked.decision != Decision.WAITING:
        raise RefusedError(Problem("decided", _("This request has been decided already.")))
    return locked


def _decide(
    change: MatrixChange, decision: Decision, *, actor: User, now: datetime
) -> MatrixChange:
    change.decision, change.decided_by, change.decided_at = decision, actor, now
    change.save(update_fields=["decision", "decided_by", "decided_at", "decision_reason"])
    _record(f"matrix.{decision}", actor, change)
    return change


def _record(event: str, actor: User, change: MatrixChange) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.matrixchange",
        object_id=change.pk,
        fields=[change.action],
        reason=f"{change.role_id}: {'allow' if change.allowed else 'take away'}",
    )
