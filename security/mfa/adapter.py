"""What allauth's second factor asks of the installation: names, secrets at rest, the last factor."""

from __future__ import annotations

import base64

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from security.mfa.state import removable
from security.models import User

ISSUER = "Sáu Rõ"


def _box() -> MultiFernet:
    """Encrypts with the installation's SECRET_KEY; opens with it and with earlier ones."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"security.mfa.secret")
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The secret of an app and the seed of recovery codes are worthless in a stolen database."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": gettext_lazy(
            "Your role requires a second factor: add another one before you remove the last."
        ),
        "unreadable": gettext_lazy(
            "Your second factor was set up under another key of this installation and cannot be "
            "checked here. Ask your administrator to reset it."
        ),
    }

    def get_totp_issuer(self) -> str:
        return ISSUER

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """The user name alone: an e-mail address is nobody else's business."""
        return user.get_username()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": ISSUER}

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, object]:
        return {
            **super().get_public_key_credential_user_entity(user),
            "name": user.get_username(),
        }

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Key %(number)s") % {"number": number}

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return removable(authenticator, User.objects.get(pk=authenticator.user_id))

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Refuses, in words, what was made under a key that this installation does not have."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise self.validation_error("unreadable") from error
