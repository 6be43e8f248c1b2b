from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from security.levels import Secrecy, Sensitivity
from security.models import Role, Unit, User
from security.selectors import manageable_units


class GrantForm(forms.Form):
    """A role on a unit until a date, up to a level within the installation's ceiling."""

    role = forms.ModelChoiceField(Role.objects.all(), label=_("Role"))
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("On unit and everything below"))
    valid_to = forms.DateField(
        label=_("Until the end of"),
        required=False,
        help_text=_("Empty: until it is ended."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    max_level = forms.TypedChoiceField(label=_("Up to secrecy level"), coerce=int)
    max_sensitivity = forms.TypedChoiceField(
        label=_("Up to sensitivity"), coerce=int, choices=Sensitivity.choices
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("Decision or request it rests on.")
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        unit.queryset = manageable_units(actor)
        level = self.fields["max_level"]
        assert isinstance(level, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        ceiling = min(settings.MAX_SECRECY_LEVEL, 3)
        level.choices = [(v, n) for v, n in Secrecy.choices if v <= ceiling]
        level.initial = min(Secrecy.INTERNAL, ceiling)


class EndGrantForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)
