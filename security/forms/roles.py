from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from security.forms.person_field import PersonField
from security.forms.unit_field import UnitField
from security.levels import Secrecy, Sensitivity
from security.models import Role, RoleGrant, User
from security.services import Terms

# Beyond this a date is a slip of the hand; and a day can always be added to it.
LAST_DAY = date(2099, 12, 31)


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """The last day counts in full."""
    return start_of(day + timedelta(days=1))


class DayField(forms.DateField):
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "max": LAST_DAY.isoformat()})

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day > LAST_DAY:
            raise forms.ValidationError(_("This date is too far away."))
        return day


class TermsForm(forms.Form):
    """From–to and a reason, as a grant and a delegation both have them."""

    valid_from = DayField(
        label=_("From"), required=False, help_text=_("Empty or today: from now on.")
    )
    valid_to = DayField(label=_("Until the end of"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def dates(self, now: datetime) -> dict[str, datetime | None]:
        """``valid_from`` and ``valid_to`` as moments; a first day that is today begins now."""
        first, last = self.cleaned_data["valid_from"], self.cleaned_data["valid_to"]
        today = timezone.localdate(now)
        return {
            "valid_from": now if first in (None, today) else start_of(first),
            "valid_to": end_of(last) if last else None,
        }


def levels_offered() -> list[tuple[int, Any]]:
    """Secrecy levels up to the installation's ceiling."""
    return [(v, name) for v, name in Secrecy.choices if v <= min(settings.MAX_SECRECY_LEVEL, 3)]


class GrantForm(TermsForm):
    """A role on a unit from–to, up to a level within the installation's ceiling."""

    role = forms.ModelChoiceField(
        Role.objects.all(), label=_("Role"), empty_label=_("Choose a role")
    )
    unit = UnitField("security.manage_access", label=_("On unit and everything below"))
    max_level = forms.TypedChoiceField(label=_("Up to secrecy level"), coerce=int)
    max_sensitivity = forms.TypedChoiceField(
        label=_("Up to sensitivity"), coerce=int, choices=Sensitivity.choices
    )
    field_order = ["role", "unit", "valid_from", "valid_to", "max_level", "max_sensitivity"]

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, level = self.fields["unit"], self.fields["max_level"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        assert isinstance(level, forms.TypedChoiceField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)
        level.choices = levels_offered()
        level.initial = min(Secrecy.INTERNAL, settings.MAX_SECRECY_LEVEL)
        self.fields["valid_to"].help_text = _("Empty: until it is ended.")
        self.fields["reason"].help_text = _("Decision or request it rests on.")

    def terms(self, user: User, now: datetime) -> Terms:
        asked = self.cleaned_data
        return Terms(
            user=user,
            role=asked["role"],
            unit=asked["unit"],
            max_level=asked["max_level"],
            max_sensitivity=asked["max_sensitivity"],
            reason=asked["reason"],
            **self.dates(now),  # type: ignore[arg-type]
        )


class DelegationForm(TermsForm):
    """One's own role, passed on to somebody for a time, no further than it reaches itself."""

    grant = forms.ModelChoiceField(
        RoleGrant.objects.none(), label=_("My role"), empty_label=_("Choose a role")
    )
    person = PersonField(label=_("Passed on to"))
    max_level = forms.TypedChoiceField(
        label=_("Up to secrecy level"), required=False, coerce=int, empty_value=None
    )
    max_sensitivity = forms.TypedChoiceField(
        label=_("Up to sensitivity"), required=False, coerce=int, empty_value=None
    )
    field_order = ["grant", "person", "valid_from", "valid_to", "max_level", "max_sensitivity"]

    def __init__(
        self,
        *args: Any,
        grants: QuerySet[RoleGrant],
        colleagues: QuerySet[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        grant, person = self.fields["grant"], self.fields["person"]
        assert isinstance(grant, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        assert isinstance(person, PersonField)  # noqa: S101 - for the type checker
        grant.queryset = grants
        grant.label_from_instance = _named  # type: ignore[assignment]
        grant.empty_label = None if len(grants) == 1 else grant.empty_label
        person.people = colleagues
        self.fields["valid_to"].required = True
        self.fields["reason"].help_text = _("For example: leave, a journey, a course.")
        same = [("", _("as far as my own role"))]
        for name, choices in (
            ("max_level", levels_offered()),
            ("max_sensitivity", Sensitivity.choices),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - for the type checker
            field.choices = [*same, *choices]

    def terms(self, now: datetime) -> Terms:
        asked = self.cleaned_data
        origin: RoleGrant = asked["grant"]
        level, sensitivity = asked["max_level"], asked["max_sensitivity"]
        return Terms(
            user=asked["person"],
            role=origin.role,
            unit=origin.unit,
            max_level=origin.max_level if level is None else level,
            max_sensitivity=origin.max_sensitivity if sensitivity is None else sensitivity,
            delegated_from=origin,
            reason=asked["reason"],
            **self.dates(now),  # type: ignore[arg-type]
        )


def _named(grant: RoleGrant) -> str:
    return f"{grant.role} · {grant.unit}"


class EndGrantForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)
