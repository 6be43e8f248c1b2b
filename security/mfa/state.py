"""Who must show a second factor, who has one, and whether this session has shown it."""

from __future__ import annotations

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


def removable(factor: Authenticator, user: User) -> bool:
    """The last factor of somebody whose role asks for one stays."""
    if factor.type not in FACTORS or not required(user):
        return True
    others = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    return bool(others.exclude(pk=factor.pk).exists())
