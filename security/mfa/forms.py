"""allauth's forms, made stricter: a code opens once, odd answers are refused, each failure counts.

What a browser sends here is posted by anybody who knows a password: nothing in it is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context, ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn import forms as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction

from security import audit
from security.models import User

# What the parsers below a forged answer raise: missing keys, wrong types, broken CBOR or base64.
FORGED = (ValueError, TypeError, KeyError, AttributeError, IndexError)


def _record_failure(user: User, kind: str) -> None:
    audit.record(
        "mfa.failed",
        actor=user,
        object_type="security.user",
        object_id=user.pk,
        decision="denied",
        reason=kind,
    )


def _counter_of(secret: str, code: str) -> int | None:
    """The time step that a code of the app belongs to, among those that still count."""
    for counter in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if compare_user_code(actual=code, expected=expected):
            return int(counter)
    return None


@transaction.atomic
def first_use(factor: Authenticator, code: str) -> bool:
    """Take a right code of an authenticator app; False if it, or a later one, was used before.

    allauth remembers used codes in the cache for one period; with a tolerance of one step a code
    lives for three, and a cache may be emptied. The row remembers the last step for good.
    """
    row = Authenticator.objects.select_for_update().get(pk=factor.pk)
    enrolled_in = int(row.created_at.timestamp()) // app_settings.TOTP_PERIOD
    counter = _counter_of(decrypt(row.data["secret"]), code)
    if counter is None or counter <= row.data.get("last_counter", enrolled_in):
        return False
    row.data["last_counter"] = counter
    row.save(update_fields=["data"])
    return True


def _count_attempt(user: User) -> Callable[[], None]:
    """Six attempts in a quarter of an hour, whoever makes them; what to call when one was right.

    Only somebody who knows the password comes this far, so nobody else can shut a person out.
    """
    key = f"second-factor-{user.pk}"
    if not ratelimit.consume(context.request, action="second_factor", key=key):
        raise get_account_adapter().validation_error("too_many_login_attempts")
    return partial(ratelimit.clear, context.request, action="second_factor", key=key)


class _CodeOnce:
    """A code of the app or a recovery code; right ones work once, wrong ones go to the trail."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        try:
            forgive = _count_attempt(self.user)
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError:
            _record_failure(self.user, "code")
            raise
        if self.authenticator.type == Authenticator.Type.TOTP and not first_use(
            self.authenticator, code
        ):
            _record_failure(self.user, "code used before")
            raise get_adapter().validation_error("incorrect_code")
        forgive()
        return code


class AuthenticateForm(_CodeOnce, base.AuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(_CodeOnce, base.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTOTPForm(AllauthActivateTOTPForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        try:
            return str(super().clean_code())
        except ValidationError:
            _record_failure(self.user, "first code")
            raise


class _KeyAnswer:
    """The answer of a security key; whatever is wrong with it, it is refused in one way."""

    user: User

    def clean_credential(self) -> Authenticator:
        try:
            forgive = _count_attempt(self.user)
            key: Authenticator = super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            _record_failure(self.user, "security key")
            raise
        except FORGED as error:
            _record_failure(self.user, "security key")
            raise get_adapter().validation_error("incorrect_code") from error
        forgive()
        return key


class AuthenticateWebAuthnForm(_KeyAnswer, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticateWebAuthnForm(_KeyAnswer, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddWebAuthnForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    NAME_LENGTH = 60

    def clean_name(self) -> str:
        return str(super().clean_name())[: self.NAME_LENGTH]

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            _record_failure(self.user, "security key")
            raise
        except FORGED as error:
            _record_failure(self.user, "security key")
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class EditWebAuthnForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    def clean_name(self) -> str:
        return str(self.cleaned_data["name"])[: AddWebAuthnForm.NAME_LENGTH]
