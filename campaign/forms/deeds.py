"""Forms of what is done on a task's page; every decision is the service's."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.fields import FilesField
from campaign.models import Light
from security.services import RefusedError


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ServiceForm(forms.Form):
    """A form whose service may refuse: the reasons appear at their fields, or above the form."""

    def refuse(self, error: RefusedError) -> None:
        for problem in error.problems:
            field = problem.code if problem.code in self.fields else None
            self.add_error(field, problem.message)


class ReportForm(ServiceForm):
    percent = forms.IntegerField(
        label=_("Progress"),
        help_text=_("Percent of the whole task, 0 to 100."),
        min_value=0,
        max_value=100,
    )
    note = forms.CharField(
        label=_("What was done"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    obstacle = forms.BooleanField(
        label=_("Something holds the work up (say what in the field above)"), required=False
    )
    proof = FilesField(label=_("Proof"), required=False)


class ReviseForm(ServiceForm):
    day = forms.DateField(
        label=_("New last day"), help_text=_("The day counts in full."), widget=DayInput()
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))

    def refuse(self, error: RefusedError) -> None:
        for problem in error.problems:
            self.add_error("reason" if problem.code == "reason" else "day", problem.message)


class JudgeForm(ServiceForm):
    light = forms.ChoiceField(
        label=_("I see it as"),
        choices=[(one.value, one.label) for one in (Light.RED, Light.YELLOW, Light.GREEN)],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    expires_on = forms.DateField(
        label=_("Until"), help_text=_("Last day; a month at most."), widget=DayInput()
    )

    def refuse(self, error: RefusedError) -> None:
        for problem in error.problems:
            code = "expires_on" if problem.code.startswith("expiry") else problem.code
            self.add_error(code if code in self.fields else None, problem.message)
