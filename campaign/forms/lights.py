"""Thresholds of the lights: numbers to look at first, then the same numbers with a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import ServiceForm
from campaign.rules import Policy
from campaign.services.policies import BEHIND_AT_MOST, WARNING_AT_MOST


class ThresholdsForm(ServiceForm):
    """What would these do? Asked by GET: nothing is written."""

    warning_days = forms.IntegerField(
        label=_("Yellow so many days before the deadline"),
        help_text=_("If nothing is handed in by then; 0 to 30 days."),
        min_value=0,
        max_value=WARNING_AT_MOST,
    )
    behind_points = forms.IntegerField(
        label=_("Yellow when progress is behind by more than"),
        help_text=_("Points behind the straight line from start to deadline; 1 to 100."),
        min_value=1,
        max_value=BEHIND_AT_MOST,
    )

    @property
    def policy(self) -> Policy:
        data: dict[str, Any] = self.cleaned_data
        return Policy(data["warning_days"], data["behind_points"])


class SetThresholdsForm(ThresholdsForm):
    """The thresholds that were looked at, hidden, and why they are set."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Stands in the history of the settings."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("warning_days", "behind_points"):
            self.fields[name].widget = forms.HiddenInput()

    def refuse(self, error: Any) -> None:
        for problem in error.problems:
            self.add_error("reason" if problem.code == "reason" else None, problem.message)
