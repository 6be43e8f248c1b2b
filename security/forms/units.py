"""Forms of the organisation tree."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from security.forms.unit_field import UnitField
from security.models import Unit, User

MANAGE = "security.manage_units"


class UnitFactsForm(forms.Form):
    name = forms.CharField(label=_("Name of the unit"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=Unit.Kind.choices)


class UnitForm(UnitFactsForm):
    """Rename a unit or change its kind."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("Decision or request it rests on.")
    )


class _Placed(forms.Form):
    """A form with a parent unit, offered to one actor."""

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent = self.fields["parent"]
        assert isinstance(parent, UnitField)  # noqa: S101 - for the type checker
        parent.offer_to(actor)


class NewUnitForm(_Placed, UnitFactsForm):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Short and lasting: letters and plans refer to it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    parent = UnitField(MANAGE, label=_("Under which unit"))
    field_order = ("parent", "name", "code", "kind")


class WhereToForm(_Placed):
    """First step of a move: where to; the second shows what it does and asks for the reason."""

    parent = UnitField(MANAGE, label=_("Move under which unit"))


class MoveForm(WhereToForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=160, help_text=_("Decision or request it rests on.")
    )
