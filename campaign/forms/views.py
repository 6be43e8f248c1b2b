"""The name of a saved view."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.picking import PlacedForm
from campaign.services.saving import NAME_AT_MOST


class ViewNameForm(PlacedForm):
    places = dict.fromkeys(("name_taken", "too_many", "query_long"), "name")

    name = forms.CharField(
        label=_("Name of the view"),
        max_length=NAME_AT_MOST,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
