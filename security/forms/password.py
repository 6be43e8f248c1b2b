from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.utils.translation import gettext_lazy as _

from security.models import User


class NewPasswordForm(forms.Form):
    """A password of one's own, twice; ``user`` is who it will belong to."""

    password1 = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    password2 = forms.CharField(
        label=_("New password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @staticmethod
    def rules() -> list[str]:
        """What a password must be, one sentence each."""
        return password_validators_help_texts()

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean(self) -> None:
        first, again = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first is not None and again is not None and first != again:
            self.add_error("password2", _("The two passwords differ."))
