"""High roles: asked for by one person, in force when a second one has approved them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.models import RoleGrant, RoleRequest, User
from security.services.delegation import check_delegation, delegate_role
from security.services.problems import Problem, RefusedError, check_action
from security.services.roles import grant_role, write_grant
from security.services.terms import Terms, check_not_own, check_terms, terms_of

Decision = RoleRequest.Decision


@transaction.atomic
def offer_role(*, actor: User, terms: Terms, now: datetime) -> RoleGrant | RoleRequest:
    """Give a role or pass on one's own; where it is a high one, ask for it instead."""
    if terms.high:
        return request_role(actor=actor, terms=terms, now=now)
    if terms.delegated_from is not None:
        return delegate_role(actor=actor, terms=terms, now=now)
    fields = terms.fields()
    del fields["delegated_from"]
    return grant_role(actor=actor, now=now, **fields | {"role": terms.role.pk})


@transaction.atomic
def request_role(*, actor: User, terms: Terms, now: datetime) -> RoleRequest:
    """Ask for a role that needs a second person: an administrator, or whoever passes on his own.

    One request at a time for the same person, role and unit.
    """
    check_not_own(actor, terms.user)
    check_may_give(actor, terms, now)
    check_terms(terms, now)
    asked = RoleRequest.objects.filter(user=terms.user, role=terms.role, unit=terms.unit)
    if asked.filter(decision=Decision.WAITING).exists():
        raise RefusedError(
            Problem("already_asked", _("The same role is waiting for approval already."))
        )
    request = RoleRequest.objects.create(
        **terms.fields(), requested_by=actor, requested_at=now, decision=Decision.WAITING
    )
    _record("role.requested", actor, request, terms.in_short)
    return request


@transaction.atomic
def approve_role(*, actor: User, request: RoleRequest, now: datetime) -> RoleGrant:
    """The second person's yes: the role is given as it was asked for, if it still can be.

    Everything is looked at again under the lock: days may lie between asking and approving.
    """
    waiting = _lock_waiting(request)
    _check_second_person(actor, waiting)
    terms = terms_of(waiting)
    terms = replace(terms, valid_from=max(terms.valid_from, now))
    _check_requester(waiting.requested_by, terms, now)
    check_terms(terms, now)
    grant = write_grant(terms, granted_by=waiting.requested_by, approved_by=actor)
    waiting.grant = grant
    _decide(waiting, Decision.APPROVED, actor=actor, now=now, reason="")
    _record("role.approved", actor, waiting, terms.in_short)
    return grant


@transaction.atomic
def refuse_role(*, actor: User, request: RoleRequest, reason: str, now: datetime) -> RoleRequest:
    """The second person's no, with a reason that the one who asked can read."""
    waiting = _lock_waiting(request)
    _check_second_person(actor, waiting)
    if not reason.strip():
        raise RefusedError(Problem("reason", _("Say why.")))
    _decide(waiting, Decision.REFUSED, actor=actor, now=now, reason=reason)
    _record("role.refused", actor, waiting, reason)
    return waiting


@transaction.atomic
def withdraw_role(*, actor: User, request: RoleRequest, now: datetime) -> RoleRequest:
    """Whoever asked takes it back before it is decided."""
    waiting = _lock_waiting(request)
    if waiting.requested_by_id != actor.pk:
        raise RefusedError(Problem("not_allowed", _("Only whoever asked can withdraw this.")))
    _decide(waiting, Decision.WITHDRAWN, actor=actor, now=now, reason="")
    _record("role.withdrawn", actor, waiting, terms_of(waiting).in_short)
    return waiting


def check_may_give(actor: User, terms: Terms, now: datetime) -> None:
    """A role on a unit is an administrator's to give; one's own is one's own to pass on."""
    if terms.delegated_from is None:
        check_action(actor, "security.manage_access", terms.unit)
    else:
        check_delegation(actor, terms, now)


def _check_requester(requester: User, terms: Terms, now: datetime) -> None:
    """Whoever asked must still be one who may; freshly read, not as it was when he asked."""
    try:
        check_may_give(requester, terms, now)
    except RefusedError as error:
        raise RefusedError(
            Problem("requester_lost", _("Whoever asked may no longer give this role."))
        ) from error


def _lock_waiting(request: RoleRequest) -> RoleRequest:
    locked = (
        RoleRequest.objects.select_for_update(of=("self",))
        .select_related("user", "role", "unit", "requested_by", "delegated_from")
        .get(pk=request.pk)
    )
    if locked.decision != Decision.WAITING:
        raise RefusedError(Problem("decided", _("This request has been decided already.")))
    return locked


def _check_second_person(actor: User, request: RoleRequest) -> None:
    if actor.pk in {request.requested_by_id, request.user_id}:
        raise RefusedError(
            Problem("second_person", _("Somebody else than these two people must decide this."))
        )
    check_action(actor, "security.approve_access", request.unit)


def _decide(
    request: RoleRequest, decision: Decision, *, actor: User, now: datetime, reason: str
) -> None:
    request.decision, request.decision_reason = decision, reason
    request.decided_by, request.decided_at = actor, now
    request.save(update_fields=["decision", "decision_reason", "decided_by", "decided_at", "grant"])


def _record(event: str, actor: User, request: RoleRequest, reason: str) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.rolerequest",
        object_id=request.pk,
        reason=reason,
    )
