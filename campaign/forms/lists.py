"""The filters of the lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class FilterForm(forms.Form):
    """The visible part of the list's filters; the address may carry more."""

    light = forms.ChoiceField(label=_("Light"), required=False)
    group = forms.ChoiceField(label=_("Group"), required=False)
    week = forms.ChoiceField(label=_("Week"), required=False)
    unit = forms.ChoiceField(label=_("Lead unit"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    owner = forms.ChoiceField(label=_("Owner"), required=False)

    def __init__(self, *args: Any, choices: dict[str, list[tuple[Any, Any]]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        for name, options in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("All")), *options]
