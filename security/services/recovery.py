"""Letting somebody in again who lost his password or his second factor.

Whoever renews both can come in as that person. So one administrator does one of the two, and
another the other, however long he waits for it; a person who never signed in has nothing to take
over yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from security.models import AuditEvent, Invitation, User
from security.services.invitations import invite
from security.services.mfa import reset_mfa
from security.services.people import check_account
from security.services.problems import Problem, RefusedError

APART = timedelta(days=7)
Purpose = Invitation.Purpose


@transaction.atomic
def renew_link(*, actor: User, user: User, now: datetime) -> str:
    """A one-time link to set the first or a new password; returns its token, shown once.

    Refused to whoever reset this person's second factor within a week, or as long as he has none.
    Refused to everybody while the person holds a high role and no factor: the link alone would then
    be the role, given by one person. End the role first; it can be asked for again.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    check_account(actor, user, now)
    if _would_hand_over_a_high_role(user, now):
        raise RefusedError(
            Problem(
                "high_role",
                _("This person holds a high role and no second factor: end the role first."),
            )
        )
    if not may_renew_link(actor, user, now):
        raise RefusedError(_two_people())
    return invite(actor=actor, user=user, purpose=_purpose(user), now=now)


@transaction.atomic
def reset_factor(*, actor: User, user: User, reason: str, now: datetime) -> int:
    """Take a person's second factors away; returns how many he had.

    Refused to whoever renewed his password within a week, or as long as he has not signed in since.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not may_reset_factor(actor, user, now):
        raise RefusedError(_two_people())
    return reset_mfa(actor=actor, user=user, reason=reason, now=now)


def may_renew_link(actor: User, user: User, now: datetime) -> bool:
    """Whether a new password lets this actor no further than the person's own second factor."""
    if _purpose(user) == Purpose.FIRST:
        return True
    reset = AuditEvent.objects.filter(
        action="mfa.reset",
        actor_id=actor.pk,
        object_id=str(user.pk),
        decision=AuditEvent.Decision.ALLOWED,
    )
    guarded = Authenticator.objects.filter(user_id=user.pk).exists()
    return not (reset.filter(at__gt=now - APART) if guarded else reset).exists()


def may_reset_factor(actor: User, user: User, now: datetime) -> bool:
    """Whether the person's password is surely one that this actor did not set by a link of his."""
    links = Invitation.objects.filter(user=user, created_by=actor, purpose=Purpose.RESET)
    if links.filter(created_at__gt=now - APART).exists():
        return False
    used = (
        links.exclude(used_at=None).order_by("-used_at").values_list("used_at", flat=True).first()
    )
    signed_in = AuditEvent.objects.filter(
        action="signin", actor_id=user.pk, decision=AuditEvent.Decision.ALLOWED
    )
    return used is None or signed_in.filter(at__gt=used).exists()


def _would_hand_over_a_high_role(user: User, now: datetime) -> bool:
    if _purpose(user) == Purpose.FIRST or Authenticator.objects.filter(user_id=user.pk).exists():
        return False
    return user.role_grants.unended(now).filter(high=True).exists()


def _purpose(user: User) -> Invitation.Purpose:
    return Purpose.RESET if user.has_usable_password() else Purpose.FIRST


def _two_people() -> Problem:
    return Problem(
        "two_people",
        _("Password and second factor are renewed by two different administrators."),
    )
