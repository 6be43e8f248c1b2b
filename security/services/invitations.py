"""One-time links by which a person sets his password: the first one, or a new one.

The link is shown once to whoever makes it and handed over by him; only its hash is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.models import Invitation, User
from security.models.signin import InvitationQuerySet
from security.services.people import check_account
from security.services.problems import Problem, RefusedError
from security.services.sessions import end_sessions

# Longer than any token made here; a longer text is not even hashed.
LONGEST_TOKEN = 100


@transaction.atomic
def invite(*, actor: User | None, user: User, purpose: str, now: datetime) -> str:
    """Make a link for this person; returns its token, to be shown once and kept nowhere.

    Every earlier link of the person stops working. Whoever holds a link can become the person, so
    the actor must manage every unit where the person may act, and never makes one for himself;
    ``actor=None`` is the installation itself. How long it lasts: INVITATION_HOURS.
    """
    user = _locked(user.pk)
    if actor is not None:
        if actor.pk == user.pk:
            raise RefusedError(Problem("own_account", _("Nobody makes a link for himself.")))
        check_account(actor, user, now)
    if not user.is_active:
        raise RefusedError(Problem("disabled", _("This account is closed.")))
    _open(user).update(revoked_at=now)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        user=user,
        purpose=purpose,
        token_hash=hash_of(token),
        created_by=actor,
        created_at=now,
        expires_at=now + timedelta(hours=settings.INVITATION_HOURS[purpose]),
    )
    _write_down("invitation.made", actor, invitation)
    return token


@transaction.atomic
def revoke_invitation(*, actor: User, user: User, now: datetime) -> int:
    """Make the person's open link useless; how many there were (none or one)."""
    user = _locked(user.pk)
    check_account(actor, user, now)
    revoked = list(_open(user))
    for invitation in revoked:
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        _write_down("invitation.revoked", actor, invitation)
    return len(revoked)


def drop_links(user: User, now: datetime) -> None:
    """A password set by oneself makes an open link useless. Part of its caller's write."""
    _open(user).update(revoked_at=now)


def invitation_for(token: str, now: datetime) -> Invitation | None:
    """The usable invitation of this token, with its person and unit; None for any other token."""
    if len(token) > LONGEST_TOKEN:
        return None
    return _usable(now).filter(token_hash=hash_of(token)).first()


def usable_invitation(pk: int, now: datetime) -> Invitation | None:
    """The invitation a browser was let in with, if it still may be used."""
    return _usable(now).filter(pk=pk).first()


@transaction.atomic
def accept_invitation(*, pk: int, password: str, now: datetime) -> User:
    """Set the password and use the invitation up; every session of the person ends.

    Raises RefusedError if it may no longer be used, ValidationError for a weak password.
    """
    found = Invitation.objects.filter(pk=pk).first()
    user = _locked(found.user_id) if found else None
    invitation = usable_invitation(pk, now)  # only now: somebody may have used it meanwhile
    if user is None or invitation is None:
        raise RefusedError(Problem("gone", _("This link no longer works.")))
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    end_sessions(user)
    _write_down("invitation.used", user, invitation)
    return user


def hash_of(token: str) -> str:
    """What is kept of a token: it holds 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def _locked(pk: int) -> User:
    """The person; who makes, withdraws or uses a link of his waits for whoever does so already."""
    return User.objects.select_for_update(of=("self",)).select_related("unit").get(pk=pk)


def _open(user: User) -> InvitationQuerySet:
    return Invitation.objects.filter(user=user, used_at=None, revoked_at=None)


def _usable(now: datetime) -> InvitationQuerySet:
    rows = Invitation.objects.usable(now).filter(user__is_active=True)
    return rows.select_related("user", "user__unit")


def _write_down(event: str, actor: User | None, invitation: Invitation) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.user",
        object_id=invitation.user_id,
        reason=f"invitation {invitation.pk}, {invitation.purpose}",
    )
