"""What one person may say about his notices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.models import NoticeKind, Way
from dashboard.notices import rules


class NoticeChoicesForm(forms.Form):
    """The way of each kind, the hour of the digest and the quiet hours."""

    digest_at = forms.TimeField(
        label=_("Daily e-mail at"), widget=forms.TimeInput(attrs={"type": "time"})
    )
    quiet_from = forms.TimeField(
        label=_("No e-mail from"), widget=forms.TimeInput(attrs={"type": "time"})
    )
    quiet_until = forms.TimeField(
        label=_("No e-mail until"), widget=forms.TimeInput(attrs={"type": "time"})
    )

    def __init__(self, *args: Any, ways: dict[str, str], hours: rules.Hours, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "digest_at": hours.digest_at.strftime("%H:%M"),
            "quiet_from": hours.quiet_from.strftime("%H:%M"),
            "quiet_until": hours.quiet_until.strftime("%H:%M"),
        }
        super().__init__(*args, **kwargs)
        for kind in NoticeKind:
            offered = [way for way in Way if way != Way.OFF or kind not in rules.NEVER_OFF]
            self.fields[_name(kind)] = forms.ChoiceField(
                label=kind.label,
                choices=[(way.value, way.label) for way in offered],
                initial=rules.chosen_way(kind, ways),
            )

    @property
    def way_fields(self) -> list[forms.BoundField]:
        return [self[_name(kind)] for kind in NoticeKind]

    def ways(self) -> dict[str, str]:
        return {kind.value: self.cleaned_data[_name(kind)] for kind in NoticeKind}

    def hours(self) -> rules.Hours:
        said = self.cleaned_data
        return rules.Hours(said["digest_at"], said["quiet_from"], said["quiet_until"])


def _name(kind: NoticeKind) -> str:
    return f"way_{kind.value}"
