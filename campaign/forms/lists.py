"""The filters of the lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.widgets import PlainChoiceField
from campaign.selectors.filters import WORDS_AT_MOST


class FilterForm(forms.Form):
    """The visible part of the list's filters; the address may carry more.

    Built from what was asked for and never cleaned: a value that the plan no longer knows stays in
    its field, so that it is seen and can be taken out.
    """

    q = forms.CharField(
        label=_("Search code or title"),
        required=False,
        max_length=WORDS_AT_MOST,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    light = forms.MultipleChoiceField(
        label=_("Light"), required=False, widget=forms.CheckboxSelectMultiple
    )
    group = PlainChoiceField(label=_("Group"), required=False)
    block = PlainChoiceField(label=_("Block"), required=False)
    week = PlainChoiceField(label=_("Week"), required=False)
    unit = PlainChoiceField(label=_("Lead unit"), required=False)
    kind = PlainChoiceField(label=_("Kind"), required=False)
    owner = PlainChoiceField(label=_("Owner"), required=False)
    state = PlainChoiceField(label=_("State"), required=False)
    sort = PlainChoiceField(label=_("Order"), required=False)

    def __init__(self, *args: Any, choices: dict[str, list[tuple[Any, Any]]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        for name, options in choices.items():
            field = self.fields[name]
            if not isinstance(field, forms.ChoiceField):
                continue
            now = self.initial.get(name) or ""
            known = {str(value) for value, _label in options}
            if name != "light" and str(now) not in {"", *known}:
                options = [*options, (now, now)]
            empty = [] if known & {""} or name == "light" else [("", _("All"))]
            field.choices = [*empty, *options]

    @property
    def picked(self) -> list[forms.BoundField]:
        """The fields of the fold, in their order."""
        return [self[name] for name in self.fields if name not in {"q", "light"}]
