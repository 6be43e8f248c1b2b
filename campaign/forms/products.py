"""Handing a product in and grading it: one field, or three, for each of its criteria."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import DayInput, ServiceForm
from campaign.forms.fields import FilesField
from campaign.models import Grade, Submission
from campaign.services import Answer, Verdict
from campaign.services.criteria import asked_of, same_criteria
from security.models import User

MET = [("yes", _("Met")), ("no", _("Not met"))]
WORDS = {"rows": 2, "maxlength": 4000}


@dataclass(frozen=True)
class CriterionFields:
    """The fields of one criterion, to be drawn together below its words."""

    text: str
    fields: tuple[forms.BoundField, ...]


class HandInForm(ServiceForm):
    """statement; then an answer and files per criterion; files of the whole; an address.

    Each answer comes with the criterion it speaks of (``of_0``, ``of_1`` …). Where the criteria are
    others by now, every answer goes to its own criterion, is asked for again there, and those
    without a place any more are told (``left_over``): none is filed under another criterion.
    """

    statement = forms.CharField(
        label=_("What is handed in"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, criteria: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.texts = list(criteria)
        self.left_over: list[tuple[str, str]] = []
        self.reworded = False
        if self.is_bound:
            self._place(answered(self.data))
        for i in range(len(self.texts)):
            self.fields[f"answer_{i}"] = forms.CharField(
                label=_("How it is met"),
                max_length=4000,
                widget=forms.Textarea(attrs=dict(WORDS)),
            )
            self.fields[f"files_{i}"] = FilesField(
                label=_("Evidence"), required=False, allow_empty_file=True
            )
        label = _("Other files") if self.texts else _("Files")
        self.fields["files"] = FilesField(label=label, required=False, allow_empty_file=True)
        self.fields["link"] = forms.CharField(
            label=_("Where it lies"),
            help_text=_("Address or number of the document."),
            required=False,
            max_length=400,
        )

    def _place(self, said: list[tuple[str, str]]) -> None:
        """Put every answer below its own criterion if these are no longer the ones answered."""
        self.reworded = not same_criteria([text for text, _said in said], self.texts)
        if not self.reworded or not said:
            return
        sent: Any = self.data
        anew, left = sent.copy(), list(said)
        for i, text in enumerate(self.texts):
            own = next((one for one in left if same_criteria([one[0]], [text])), None)
            anew[f"answer_{i}"] = own[1] if own else ""
            if own:
                left.remove(own)
        self.data, self.left_over = anew, [one for one in left if one[1].strip()]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if self.reworded:
            raise ValidationError(gettext("The criteria were changed meanwhile: look again."))
        return said

    @property
    def by_criterion(self) -> Iterator[CriterionFields]:
        for i, text in enumerate(self.texts):
            yield CriterionFields(text, (self[f"answer_{i}"], self[f"files_{i}"]))

    @property
    def asked(self) -> dict[str, Any]:
        """What the service is told."""
        data = self.cleaned_data
        return {
            "statement": data["statement"],
            "answers": [
                Answer(data[f"answer_{i}"], tuple(data[f"files_{i}"]))
                for i in range(len(self.texts))
            ],
            "asked": self.texts,
            "sent": data["files"],
            "link": data["link"],
        }


def answered(sent: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(criterion, answer) as they were sent."""
    found: list[tuple[str, str]] = []
    while (text := sent.get(f"of_{len(found)}")) is not None:
        found.append((text, sent.get(f"answer_{len(found)}", "")))
    return found


class GradeForm(ServiceForm):
    """A verdict per criterion, then the grade; remedies for B and C.

    remediate_by: people of the lead unit, the owner first chosen, and whoever handed it in.
    """

    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Remarks"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    remediate_on = forms.DateField(
        label=_("Remedies by"),
        help_text=_("Last day for the remedies; needed for B and C."),
        required=False,
        widget=DayInput(),
    )
    remediate_by = forms.ModelChoiceField(
        label=_("Person for the remedies"),
        help_text=_("Needed for B and C."),
        queryset=User.objects.none(),
        required=False,
    )

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        task = submission.product.task
        self.texts = asked_of(submission)
        for i in range(len(self.texts)):
            self.fields[f"met_{i}"] = forms.ChoiceField(
                label=_("Verdict"), choices=MET, widget=forms.RadioSelect
            )
            self.fields[f"note_{i}"] = forms.CharField(
                label=_("What is missing"),
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 1}),
            )
        person = self.fields["remediate_by"]
        if isinstance(person, forms.ModelChoiceField):
            known = Q(unit=task.unit_id) | Q(pk__in=[task.owner_id, submission.by_id])
            person.queryset = User.objects.filter(known, is_active=True).order_by("full_name")
            person.initial = task.owner_id

    @property
    def by_criterion(self) -> list[CriterionFields]:
        return [
            CriterionFields(text, (self[f"met_{i}"], self[f"note_{i}"]))
            for i, text in enumerate(self.texts)
        ]

    @property
    def asked(self) -> dict[str, Any]:
        """What the service is told."""
        data = self.cleaned_data
        verdicts = [
            Verdict(data[f"met_{i}"] == "yes", data[f"note_{i}"]) for i in range(len(self.texts))
        ]
        names = ("grade", "note", "remediate_on", "remediate_by")
        return {**{name: data[name] for name in names}, "verdicts": verdicts}


class ProductFilterForm(forms.Form):
    """The visible part of the product list's filters."""

    group = forms.ChoiceField(label=_("Group"), required=False)
    unit = forms.ChoiceField(label=_("Lead unit"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    due = forms.ChoiceField(label=_("Deadline"), required=False)

    def __init__(self, *args: Any, choices: dict[str, list[tuple[Any, Any]]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        for name, options in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("All")), *options]
