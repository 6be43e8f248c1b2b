"""Forms of the access review."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from security.forms.unit_field import UnitField
from security.models import ReviewItem, User


class OpenReviewForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=160)
    unit = UnitField(
        "security.review_access", label=_("Roles on which unit, with everything below")
    )
    due_on = forms.DateField(label=_("To be decided by"), widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, actor: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        unit = self.fields["unit"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)

    def clean_due_on(self) -> date:
        due: date = self.cleaned_data["due_on"]
        if due < self.today:
            raise ValidationError(_("The day is already past."))
        return due


class DecideForm(forms.Form):
    verdict = forms.ChoiceField(
        choices=[
            (ReviewItem.Verdict.KEEP.value, _("still needed")),
            (ReviewItem.Verdict.END.value, _("no longer needed")),
        ]
    )
    note = forms.CharField(max_length=200, required=False)


class SignOffForm(forms.Form):
    note = forms.CharField(
        label=_("Conclusion"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What was found, what follows from it. Stands in the report."),
    )
