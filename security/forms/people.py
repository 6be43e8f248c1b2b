"""What an administrator may say of a person. Flags, clearance and passwords have no field here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from security.forms.unit_field import UnitField
from security.levels import Secrecy
from security.models import User
from security.services import PersonFacts


class PersonForm(forms.Form):
    full_name = forms.CharField(label=_("Full name"), max_length=120)
    post = forms.CharField(label=_("Post"), max_length=160, required=False)
    unit = UnitField("security.manage_access", label=_("Unit"))
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        help_text=_(
            "For notices, which hold codes and links alone. Only an address of the office."
        ),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)

    def facts(self) -> PersonFacts:
        said = self.cleaned_data
        return PersonFacts(
            full_name=said["full_name"], post=said["post"], unit=said["unit"], email=said["email"]
        )


class NewPersonForm(PersonForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=40,
        help_text=_("3 to 40 letters without accents, digits, dots, hyphens or underscores."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    field_order = ("full_name", "username", "post", "unit", "email")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ClearanceForm(ReasonForm):
    """Levels up to the installation's ceiling."""

    clearance = forms.TypedChoiceField(label=_("Cleared up to"), coerce=int)
    field_order = ("clearance", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        level = self.fields["clearance"]
        assert isinstance(level, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        ceiling = min(settings.MAX_SECRECY_LEVEL, Secrecy.SECRET)
        level.choices = [(value, name) for value, name in Secrecy.choices if value <= ceiling]
