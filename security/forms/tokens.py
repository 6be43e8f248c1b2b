from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from security.actions import LABELS
from security.models import User
from security.services.tokens import LONGEST_DAYS, USUAL_DAYS, actions_on_offer


class TokenForm(forms.Form):
    """What a new token is called, may do, and how long it lasts."""

    name = forms.CharField(
        label=_("Called"),
        max_length=80,
        help_text=_("Which program, on which machine: you will recognise it by this."),
    )
    actions = forms.MultipleChoiceField(
        label=_("What the program may do for you"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only reading, and never more than you see yourself."),
    )
    days = forms.IntegerField(
        label=_("Days until it ends"), min_value=1, max_value=LONGEST_DAYS, initial=USUAL_DAYS
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actions = self.fields["actions"]
        assert isinstance(actions, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        actions.choices = [(action, LABELS[action]) for action in actions_on_offer(owner)]
