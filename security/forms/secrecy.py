"""Forms about secrecy levels: a decision, a standing one, an approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from security.forms.roles import DayField, levels_offered
from security.levels import Secrecy
from security.models import Classification
from security.services.secrecy import Basis

A_YEAR = timedelta(days=365)


class BasisForm(forms.Form):
    """Legal basis, next review and reason, beginning with what holds now."""

    legal_basis = forms.CharField(
        label=_("Legal basis"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Act with number and date, article, item of the list of state secrets."),
    )
    review_on = DayField(label=_("Look at it again on"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, now_rests_on: Classification | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if now_rests_on is not None:
            self.fields["legal_basis"].initial = now_rests_on.legal_basis
        self.fields["review_on"].initial = timezone.localdate() + A_YEAR

    @property
    def basis(self) -> Basis:
        said = self.cleaned_data
        return Basis(said["legal_basis"], said["review_on"], said["reason"])


class ClassifyForm(BasisForm):
    """A level within the installation's ceiling, with its basis."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int)
    field_order = ("level", "legal_basis", "review_on", "reason")

    def __init__(self, *args: Any, level: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["level"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        field.choices = levels_offered()
        field.initial = level
        self.fields["reason"].help_text = _("Needed where the level is lowered.")


class ApprovalForm(forms.Form):
    """The owner's decision that this installation may hold a level, as it stands on paper."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int)
    approved_by_name = forms.CharField(label=_("Approved by"), max_length=160)
    number = forms.CharField(label=_("Number of the decision"), max_length=60)
    date = DayField(label=_("Date of the decision"))
    basis = forms.CharField(label=_("Legal basis"), max_length=300)
    cipher = forms.CharField(
        label=_("Cipher approved for this level"),
        max_length=160,
        help_text=_("Product and certificate of the cipher authority."),
    )
    valid_to = DayField(
        label=_("Until the end of"), required=False, help_text=_("Empty: until it is withdrawn.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["level"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (value, name) for value, name in levels_offered() if value >= Secrecy.CONFIDENTIAL
        ]
