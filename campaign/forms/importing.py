"""The form that takes a table of tasks in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import ServiceForm


class TableForm(ServiceForm):
    file = forms.FileField(
        label=_("Table of tasks"),
        help_text=_("Excel workbook (.xlsx), its first sheet; 2,000 rows and 5 MB at most."),
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        allow_empty_file=True,
    )
