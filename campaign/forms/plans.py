"""The filters of the matrices, the timeline and the calendar."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import DayInput
from campaign.forms.widgets import PlainChoiceField


class PlanFilterForm(forms.Form):
    """What the address says, as fields; ``asked`` names those that a page has."""

    q = forms.CharField(label=_("Words or code"), required=False, max_length=60)
    state = PlainChoiceField(label=_("State"), required=False)
    light = PlainChoiceField(label=_("Light"), required=False)
    group = PlainChoiceField(label=_("Group"), required=False)
    block = PlainChoiceField(label=_("Block"), required=False)
    week = PlainChoiceField(label=_("Week"), required=False)
    unit = PlainChoiceField(label=_("Lead unit"), required=False)
    kind = PlainChoiceField(label=_("Kind"), required=False)
    owner = PlainChoiceField(label=_("Owner"), required=False)
    at = forms.DateField(label=_("As of the end of"), required=False, widget=DayInput())

    def __init__(
        self,
        *args: Any,
        choices: dict[str, list[tuple[Any, Any]]],
        asked: tuple[str, ...],
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        for name in [name for name in self.fields if name not in asked]:
            del self.fields[name]
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("All")), *choices[name]]
