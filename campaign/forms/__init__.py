"""Forms of the campaign's pages: parse and name the fields; every decision is the service's."""

from campaign.forms.deeds import (
    AcceptForm,
    CompleteForm,
    DayInput,
    JudgeForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
    SubmitForm,
)
from campaign.forms.lists import FilterForm

__all__ = [
    "AcceptForm",
    "CompleteForm",
    "DayInput",
    "FilterForm",
    "JudgeForm",
    "ReportForm",
    "ReviseForm",
    "ServiceForm",
    "SubmitForm",
]
