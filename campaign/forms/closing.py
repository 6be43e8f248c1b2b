"""Closing a campaign, or opening it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaign.forms.picking import PlacedForm
from campaign.models import Campaign


class EndForm(PlacedForm):
    """A reason, and for closing the campaign's code typed once more."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    code = forms.CharField(
        label=_("Code of the campaign"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, campaign: Campaign, typed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        if not typed:
            del self.fields["code"]
            return
        self.fields["code"].help_text = _("Type “%(code)s”: nothing is closed by mistake.") % {
            "code": campaign.code
        }

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"].strip()
        if typed.casefold() != self.campaign.code.casefold():
            raise ValidationError(_("That is not the code of this campaign."))
        return typed
