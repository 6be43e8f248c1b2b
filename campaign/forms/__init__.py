"""Forms of the campaign's pages: parse and name the fields; every decision is the service's."""

from campaign.forms.around import (
    AskDeadlineForm,
    CommentForm,
    FilesForm,
    HandOverForm,
    LinkForm,
    PartnersForm,
)
from campaign.forms.deeds import (
    DayInput,
    JudgeForm,
    ReportForm,
    ReviseForm,
    ServiceForm,
)
from campaign.forms.lists import FilterForm
from campaign.forms.writing import (
    CompleteForm,
    EditTaskForm,
    NewTaskForm,
    ProductForm,
    ReasonForm,
    SplitForm,
)

__all__ = [
    "AskDeadlineForm",
    "CommentForm",
    "CompleteForm",
    "DayInput",
    "EditTaskForm",
    "FilesForm",
    "FilterForm",
    "HandOverForm",
    "JudgeForm",
    "LinkForm",
    "NewTaskForm",
    "PartnersForm",
    "ProductForm",
    "ReasonForm",
    "ReportForm",
    "ReviseForm",
    "ServiceForm",
    "SplitForm",
]
