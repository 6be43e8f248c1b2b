"""Forms of shares and emergencies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from security.actions import LABELS
from security.forms.person_field import PersonField, PersonPicker
from security.forms.roles import DayField
from security.forms.unit_field import UnitField
from security.kinds import view_actions
from security.models import EmergencyAccess, User
from security.rules import path_range
from security.services.emergency import HOURS, MIN_REASON
from security.services.shares import MAX_DAYS


class ReceiverPicker(PersonPicker):
    search_url = "security:receiver_search"


class ReceiverField(PersonField):
    picker = ReceiverPicker


def receivers_for(user: User) -> QuerySet[User]:
    """People with an open account in the user's own organisation, himself left out."""
    low, high = path_range("/" + user.unit.path.split("/")[1] + "/")
    people = User.objects.filter(is_active=True, unit__path__gte=low, unit__path__lt=high)
    return people.exclude(pk=user.pk)


class ShareForm(forms.Form):
    """One row to one person or one unit, until the end of a day."""

    person = ReceiverField(label=_("To a person"), required=False)
    unit = UnitField("security.share_row", label=_("or to a unit"), required=False)
    until = DayField(
        label=_("Until the end of"), help_text=_("%(n)d days at most.") % {"n": MAX_DAYS}
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("What it is needed for.")
    )

    def __init__(self, *args: Any, actor: User, to_units: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person, unit = self.fields["person"], self.fields["unit"]
        assert isinstance(person, ReceiverField)  # noqa: S101 - for the type checker
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        person.people = receivers_for(actor)
        if to_units:
            unit.offer_to(actor)
        else:
            del self.fields["unit"]
            person.required = True

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        chosen = [said.get(name) for name in ("person", "unit") if said.get(name)]
        if len(chosen) != 1 and not self.errors:
            raise ValidationError(_("Choose either a person or a unit."))
        said["to"] = chosen[0] if chosen else None
        return said


class EmergencyForm(forms.Form):
    """What to open for reading, for how long, and why."""

    unit = UnitField("security.break_glass", label=_("Unit, with everything below it"))
    action = forms.ChoiceField(label=_("What you must read"))
    hours = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=[(n, _("%(n)d h") % {"n": n}) for n in HOURS],
        initial=2,
    )
    reason = forms.CharField(
        label=_("What happened"),
        min_length=MIN_REASON,
        max_length=280,
        help_text=_("Why it cannot wait, and who asked. The security officer reads this."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, action = self.fields["unit"], self.fields["action"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        assert isinstance(action, forms.ChoiceField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)
        action.choices = [(one, LABELS.get(one, one)) for one in sorted(view_actions())]


class VerdictForm(forms.Form):
    verdict = forms.ChoiceField(
        label=_("Was it justified?"),
        choices=EmergencyAccess.Verdict,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=280,
        required=False,
        help_text=_("Needed where it was not justified."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
