"""The edit form of a record: built from the field list, checked by the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.codes import Codes
from records.display import display_date
from records.fields import GROUPS, Kind, RecordField
from records.models import Cadre, Member, Person
from records.services.cleaning import Raw
from security.services import RefusedError


@dataclass(frozen=True)
class FormPart:
    """Fields of one group, in the order of the paper form."""

    label: str
    fields: list[forms.BoundField]


class RecordForm(forms.Form):
    """Fields that the editor may read, plus reason and document.

    Shapes and rules are the service's business: the form only carries texts there and refusals
    back to their fields.
    """

    edition = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Reason for the change"), max_length=300)
    basis = forms.CharField(
        label=gettext_lazy("Document it is based on"),
        max_length=200,
        help_text=gettext_lazy("Number and date, for example 12-QĐ/ĐU of 05/05/2026."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        row: Member | Cadre,
        record_fields: Sequence[RecordField],
        codes: Codes,
    ) -> None:
        self.record_fields = record_fields
        initial: dict[str, Any] = {"edition": row.edition}
        super().__init__(data, initial=initial)
        for one in record_fields:
            stored = getattr(row.person if one.register is Person else row, one.key)
            self.fields[one.key] = _form_field(one, stored, codes)
            if one.kind is not Kind.FLAG:
                # Not in the stubs yet: Field.template_name of Django 5.
                setattr(self.fields[one.key], "template_name", "records/_field.html")  # noqa: B010
            initial[one.key] = display_date(stored) if one.kind is Kind.DATE else stored

    def parts(self) -> list[FormPart]:
        """The record's fields by group, empty groups left out."""
        parts = []
        for group, label in GROUPS.items():
            own = [self[one.key] for one in self.record_fields if one.group == group]
            if own:
                parts.append(FormPart(str(label), own))
        return parts

    def values(self) -> Raw:
        return {one.key: self.cleaned_data[one.key] for one in self.record_fields}

    def refuse(self, refused: RefusedError) -> None:
        """Put each reason beside its field; the rest on top."""
        for problem in refused.problems:
            field = getattr(problem, "field", "")
            self.add_error(field if field in self.fields else None, problem.message)


def _form_field(one: RecordField, stored: str | bool, codes: Codes) -> forms.Field:  # noqa: FBT001
    label = f"{one.label}"
    if one.kind is Kind.FLAG:
        return forms.BooleanField(label=label, required=False)
    if one.kind is Kind.CODE:
        choices = codes.choices(one.code_list)
        if stored and stored not in dict(choices):
            # A code that ended may stay as it is until somebody changes it.
            choices = [(str(stored), codes.name(one.code_list, str(stored))), *choices]
        return forms.ChoiceField(
            label=label, required=one.required, choices=[("", _("(none)")), *choices]
        )
    field = forms.CharField(label=label, required=one.required, max_length=one.max_length)
    if one.kind in (Kind.PERSONAL_ID, Kind.PHONE):
        field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
    if one.kind in (Kind.CARD_NUMBER, Kind.PROFILE_NUMBER, Kind.PERSONAL_ID):
        field.max_length, field.validators = None, []  # blanks are dropped before it is measured
    return field
