"""Letting somebody in again who lost his password or his second factor.

Whoever renews both can come in as that person. So one administrator does one of the two, and
another the other (within a week); a person who never signed in has nothing to take over yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from security.models import AuditEvent, Invitation, User
from security.services.invitations import invite
from security.services.mfa import reset_mfa
from security.services.problems import Problem, RefusedError

APART = timedelta(days=7)
Purpose = Invitation.Purpose


@transaction.atomic
def renew_link(*, actor: User, user: User, now: datetime) -> str:
    """A one-time link to set the first or a new password; returns its token, shown once.

    Refused to whoever reset this person's second factor within a week.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not may_renew_link(actor, user, now):
        raise RefusedError(_two_people())
    return invite(actor=actor, user=user, purpose=_purpose(user), now=now)


@transaction.atomic
def reset_factor(*, actor: User, user: User, reason: str, now: datetime) -> int:
    """Take a person's second factors away; refused to whoever renewed his password within a week.

    Returns how many he had.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not may_reset_factor(actor, user, now):
        raise RefusedError(_two_people())
    return reset_mfa(actor=actor, user=user, reason=reason, now=now)


def may_renew_link(actor: User, user: User, now: datetime) -> bool:
    """Whether somebody else, or nobody, reset this person's second factor within a week."""
    reset = AuditEvent.objects.filter(
        action="mfa.reset",
        actor_id=actor.pk,
        object_id=str(user.pk),
        decision=AuditEvent.Decision.ALLOWED,
        at__gt=now - APART,
    )
    return _purpose(user) == Purpose.FIRST or not reset.exists()


def may_reset_factor(actor: User, user: User, now: datetime) -> bool:
    """Whether somebody else, or nobody, renewed this person's password within a week."""
    return not Invitation.objects.filter(
        user=user, created_by=actor, purpose=Purpose.RESET, created_at__gt=now - APART
    ).exists()


def _purpose(user: User) -> Invitation.Purpose:
    return Purpose.RESET if user.has_usable_password() else Purpose.FIRST


def _two_people() -> Problem:
    return Problem(
        "two_people",
        _("Password and second factor are renewed by two different administrators."),
    )
