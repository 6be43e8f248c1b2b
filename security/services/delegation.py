"""Passing on one's own role for a time, for example while on leave."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from security.models import RoleGrant, User
from security.role_rules import DELEGATION_DAYS, delegation_fault, same_organisation
from security.services.problems import Problem, RefusedError
from security.services.roles import write_end, write_grant
from security.services.terms import Terms, check_not_own, check_terms, span_of


@transaction.atomic
def delegate_role(*, actor: User, terms: Terms, now: datetime) -> RoleGrant:
    """Pass on one's own role to a person of the same organisation; it ends with the original.

    A high role is asked for instead (``request_role`` with the same terms).
    """
    check_not_own(actor, terms.user)
    check_delegation(actor, terms, now)
    check_terms(terms, now)
    if terms.high:
        raise RefusedError(
            Problem(
                "needs_second_person",
                _("This role comes into force only when a second person has approved it."),
            )
        )
    return write_grant(terms, granted_by=actor, approved_by=None)


@transaction.atomic
def end_delegation(*, actor: User, grant: RoleGrant, now: datetime) -> RoleGrant:
    """The one who passed it on takes it back, or the one who received it gives it back."""
    origin = grant.delegated_from
    if origin is None or actor.pk not in {origin.user_id, grant.user_id}:
        raise RefusedError(Problem("not_allowed", _("This is not yours to end.")))
    reason = "taken back" if actor.pk == origin.user_id else "given back"
    return write_end(grant, actor=actor, event="role.delegation_ended", now=now, reason=reason)


def check_delegation(actor: User, terms: Terms, now: datetime) -> None:
    """Refuse unless ``actor`` may pass on ``terms.delegated_from`` as these terms say.

    The original is locked: it cannot end between the look and the deed.
    """
    assert terms.delegated_from is not None  # noqa: S101 - for the type checker
    origin = (
        RoleGrant.objects.select_for_update(of=("self",))
        .in_force(now)
        .filter(pk=terms.delegated_from.pk, user=actor, user__is_active=True)
        .select_related("role", "unit")
        .first()
    )
    if origin is None or origin.role_id != terms.role.pk or origin.unit_id != terms.unit.pk:
        raise RefusedError(Problem("not_allowed", _("You do not hold this role now.")))
    if origin.delegated_from_id is not None:
        raise RefusedError(
            Problem("no_chain", _("A role that was passed on to you cannot be passed on again."))
        )
    if not origin.role.delegable:
        raise RefusedError(Problem("not_delegable", _("This role cannot be passed on.")))
    if not same_organisation(terms.user.unit.path, origin.unit.path):
        raise RefusedError(
            Problem("other_organisation", _("This person belongs to another organisation."))
        )
    if fault := delegation_fault(terms.span, span_of(origin)):
        raise RefusedError(Problem(fault, _fault_text(fault)))


def _fault_text(fault: str) -> str:
    return {
        "no_end": _("A role is passed on until a date; please give one."),
        "too_long": _("A role is passed on for %(n)d days at most.") % {"n": DELEGATION_DAYS},
        "outlives_origin": _("Your own role ends earlier than this."),
        "beyond_origin": _("Your own role does not reach this far."),
    }[fault]
