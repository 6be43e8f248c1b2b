"""Who must show a second factor, who has one, and whether this session has shown it."""

from __future__ import annotations

import time

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from security.models import User
from security.scope import scopes_of

# Recovery codes stand in for one of these; alone they are no second factor.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
METHOD = "mfa"  # what allauth calls it in the session


def required(user: User) -> bool:
    """Whether a role in force asks for a second factor; costs no query of its own."""
    return any(scope.mfa_required for scope in scopes_of(user))


def factors_of(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).order_by("id"))


def passed(request: HttpRequest, user: User) -> bool:
    """Whether this very session showed a second factor of this user."""
    return any(
        record.get("method") == METHOD for record in get_authentication_records(request, user)
    )


def may_begin(request: HttpRequest) -> bool:
    """Whether this person has no factor yet and signed in a few minutes ago.

    He need not type his password again to set up the first one; for everything later he must.
    """
    user = request.user
    if not isinstance(user, User):
        return False
    records = get_authentication_records(request, user)
    fresh = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return any(record.get("at", 0) > fresh for record in records) and not factors_of(user)


def removable(factor: Authenticator, user: User) -> bool:
    """The last factor of somebody whose role asks for one stays."""
    if factor.type not in FACTORS or not required(user):
        return True
    others = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    return bool(others.exclude(pk=factor.pk).exists())
