"""Forms of the work around a task: links, partners, words, files, dates asked for, hand-overs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import DayInput
from campaign.forms.fields import FilesField
from campaign.forms.picking import MANAGE, OwnerField, PlacedForm
from campaign.forms.seen import SeenForm
from campaign.models import Task, TaskLink
from campaign.services.talking import TEXT_AT_MOST
from security.forms.unit_field import UnitField
from security.models import User
from security.scope import may

Kind = TaskLink.Kind
ROWS_MORE = 3  # empty rows after the partners that are there
ROW = re.compile(r"p(\d{1,3})-(?:unit|part)")


class LinkForm(PlacedForm):
    """To another task of the same campaign, named by its code."""

    places: ClassVar[dict[str, str]] = dict.fromkeys(
        ("itself", "other_campaign", "linked", "loop"), "other"
    )

    kind = forms.ChoiceField(
        label=_("Relation"),
        choices=[
            (Kind.DEPENDS_ON, _("waits for the other task")),
            (Kind.TECHNICAL_PART, _("has the other task as its technical part")),
        ],
        widget=forms.RadioSelect,
        initial=Kind.DEPENDS_ON,
    )
    other = forms.CharField(
        label=_("Code of the other task"),
        max_length=20,
        help_text=_("As the list of tasks shows it: W4.2, BS1 …"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "codes"}),
    )

    def __init__(self, *args: Any, task: Task, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen = Task.objects.visible_to(actor).filter(campaign=task.campaign_id)

    def clean_other(self) -> Task:
        code = self.cleaned_data["other"].replace("\x00", "").strip()
        found: Task | None = self._seen.filter(code__iexact=code).first()
        if found is None:
            raise ValidationError(_("You see no task with this code in this campaign."))
        return found


class PartnerForm(forms.Form):
    """A unit that works along; with a part it leads that part."""

    unit = UnitField(MANAGE, label=_("Unit"), required=False)
    part = forms.CharField(
        label=_("Part that it leads"),
        required=False,
        max_length=160,
        help_text=_("Empty: it coordinates."),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("part") and not said.get("unit") and not self.errors:
            self.add_error("unit", _("Name the unit that leads this part."))
        return said


class PartnersForm(SeenForm):
    """All partners of a task: as many rows as there are, and some more.

    What was sent is read row by row, however many partners the task has by now.
    """

    def __init__(self, *args: Any, task: Task, actor: User, newest: int = 0, **kwargs: Any) -> None:
        first_seen = {"version": task.version, "seen": newest}
        super().__init__(*args, **{"initial": first_seen, **kwargs})
        data = args[0] if args else None
        there: list[dict[str, Any]] = [
            {"unit": one.unit, "part": one.part}
            for one in task.task_units.select_related("unit").order_by("pk")
        ]
        first = dict(enumerate([*there, *[{}] * ROWS_MORE]))
        if data is not None:
            first = {number: {} for number in _sent(data) or range(ROWS_MORE)}
        self.rows = [
            PartnerForm(
                data, prefix=f"p{number}", actor=actor, initial=said, use_required_attribute=False
            )
            for number, said in first.items()
        ]

    def is_valid(self) -> bool:
        told = [row.is_valid() for row in self.rows]  # every row says what is wrong with it
        return all(told) and super().is_valid()

    @property
    def partners(self) -> list[Any]:
        """(unit, part) of the filled rows."""
        filled = [row.cleaned_data for row in self.rows]
        return [(one["unit"], one["part"]) for one in filled if one.get("unit")]


def _sent(names: Iterable[str]) -> list[int]:
    """Numbers of the rows that were sent."""
    return sorted({int(found[1]) for name in names if (found := ROW.fullmatch(name))})


class CommentForm(PlacedForm):
    text = forms.CharField(
        label=_("Comment"),
        max_length=TEXT_AT_MOST,
        help_text=_("@ and a sign-in name calls somebody who may see this task."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FilesForm(PlacedForm):
    """Stands on one page with the report and its proof, hence ids of its own."""

    proof = FilesField(label=_("Files"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "attached_%s", **kwargs})


class AskDeadlineForm(PlacedForm):
    """Another last day, asked for by whoever works on the task."""

    places: ClassVar[dict[str, str]] = dict.fromkeys(
        ("same_deadline", "deadline_past", "before_start", "already_asked"), "day"
    )

    day = forms.DateField(
        label=_("New last day"), help_text=_("The day counts in full."), widget=DayInput()
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class HandOverForm(PlacedForm):
    """Whom a running task goes to. The unit only for whoever runs the campaign there."""

    places: ClassVar[dict[str, str]] = {
        "same": "owner",
        "owner_left": "owner",
        "owner_elsewhere": "owner",
        "dissolved_lead": "unit",
        "collective_lead": "unit",
    }

    unit = UnitField(MANAGE, label=_("Lead unit"))
    owner = OwnerField(label=_("New owner"))
    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, task: Task, actor: User, **kwargs: Any) -> None:
        standing = task.unit if task.unit.dissolved_on is None else None
        super().__init__(*args, **{"initial": {"unit": standing}, **kwargs})
        unit, owner = self.fields["unit"], self.fields["owner"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        assert isinstance(owner, OwnerField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)
        owner.offer(actor)
        if not may(actor, MANAGE, task):
            del self.fields["unit"]
