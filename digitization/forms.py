"""Forms of programmes and lots. Uploads and index fields are plain fields in their templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from digitization.models import DocumentType, PageExport, Programme
from digitization.selectors.people import people_able_to, units_open_to
from security.models import Unit, User

MANAGE, UPLOAD = "digitization.manage", "digitization.upload"


class ProgrammeForm(forms.Form):
    """A new programme; its catalogue, steps and index fields come from the data."""

    code = forms.CharField(label=_("Code"), max_length=30)
    title = forms.CharField(label=_("Title"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind of file"), choices=Programme.Kind.choices)
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("Lead unit"))
    focal_person = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Focal person"),
        required=False,
        help_text=_("The one person who answers for the programme; needed before step 1 closes."),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = units_open_to(actor, MANAGE)
        _choices(self, "unit", units)
        _choices(self, "focal_person", User.objects.filter(unit__in=units, is_active=True))

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        if Programme.objects.filter(code=code).exists():
            raise forms.ValidationError(_("This code cannot be used; choose another."))
        return code


class LotForm(forms.Form):
    """A new lot of a programme, with its operator."""

    code = forms.CharField(label=_("Code of the lot"), max_length=30)
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("Unit"))
    assigned_to = forms.ModelChoiceField(User.objects.none(), label=_("Operator"), required=False)
    expected_pages = forms.IntegerField(label=_("Pages expected"), min_value=0, initial=0)

    def __init__(
        self, *args: Any, programme: Programme, actor: User, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _choices(
            self,
            "unit",
            units_open_to(actor, MANAGE).filter(path__startswith=programme.unit_path),
        )
        self.fields["unit"].initial = programme.unit_id
        _choices(self, "assigned_to", people_able_to(UPLOAD, programme.unit, now))


class ExportForm(forms.Form):
    """What pages are taken out for; the service asks again."""

    purpose = forms.ChoiceField(
        label=_("What it is for"), choices=[("", "–"), *PageExport.Purpose.choices]
    )
    reason = forms.CharField(
        label=_("Reason and basis"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who needs it, by which document. Stays on the trail with the pages."),
    )


class AssignForm(forms.Form):
    operator = forms.ModelChoiceField(User.objects.none(), label=_("Operator"))

    def __init__(self, *args: Any, unit: Unit, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "operator", people_able_to(UPLOAD, unit, now))


class ExpectedForm(forms.Form):
    """One number per document type of the catalogue; empty: out of scope."""

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.types: list[DocumentType] = list(programme.types.all())
        for type_ in self.types:
            self.fields[type_.code] = forms.IntegerField(
                label=str(type_), required=False, min_value=1, initial=type_.expected_count
            )

    @property
    def changed_counts(self) -> dict[str, int | None]:
        return {
            type_.code: self.cleaned_data[type_.code]
            for type_ in self.types
            if self.cleaned_data[type_.code] != type_.expected_count
        }


def _choices(form: forms.Form, name: str, rows: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
    field.queryset = rows
