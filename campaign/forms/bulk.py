"""One change for many tasks: which kinds a person is offered, and the fields of each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaign.forms.deeds import DayInput
from campaign.forms.picking import MANAGE, OwnerField, PlacedForm
from campaign.models import Block, Campaign, TaskGroup
from campaign.rules import end_of
from campaign.services.bulk import Change, ChangeKind
from security.forms.unit_field import UnitField
from security.models import User
from security.scope import may

Kind = ChangeKind
ALLOWED_BY: dict[str, tuple[str, ...]] = {
    Kind.OWNER: (MANAGE, "campaign.accept"),
    Kind.BLOCK: (MANAGE,),
    Kind.GROUP: (MANAGE,),
    Kind.PARTNER: (MANAGE,),
    Kind.PARTNER_OFF: (MANAGE,),
    Kind.DEADLINE: ("campaign.approve_deadline", MANAGE),
    Kind.ASK: ("campaign.report",),
    Kind.ACTIVATE: (MANAGE,),
    Kind.CANCEL: (MANAGE,),
}
FIELDS: dict[str, tuple[str, ...]] = {
    Kind.OWNER: ("owner", "reason"),
    Kind.BLOCK: ("block",),
    Kind.GROUP: ("group",),
    Kind.PARTNER: ("unit",),
    Kind.PARTNER_OFF: ("unit",),
    Kind.DEADLINE: ("day", "reason"),
    Kind.ASK: ("day", "reason"),
    Kind.ACTIVATE: (),
    Kind.CANCEL: ("reason",),
}


def kinds_for(user: User) -> tuple[tuple[str, str], ...]:
    """(code, words) of the changes that a role of his allows somewhere; no query of its own."""
    return tuple(
        (kind.value, str(kind.label))
        for kind in Kind
        if any(may(user, action) for action in ALLOWED_BY[kind])
    )


class BulkForm(PlacedForm):
    """The fields of one kind of change; ``wanted`` gives the change."""

    owner = OwnerField(label=_("Owner (người)"), required=True)
    block = forms.ModelChoiceField(Block.objects.none(), label=_("Block"))
    group = forms.ModelChoiceField(TaskGroup.objects.none(), label=_("Group"))
    unit = UnitField(MANAGE, label=_("Unit"))
    day = forms.DateField(
        label=_("New last day"), help_text=_("The day counts in full."), widget=DayInput()
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It stands in the history of every task."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, kind: str, actor: User, campaign: Campaign, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name in [one for one in self.fields if one not in FIELDS[kind]]:
            del self.fields[name]
        for name, rows in (("block", campaign.blocks), ("group", campaign.taskgroups)):
            field = self.fields.get(name)
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = rows.all()
        owner, unit = self.fields.get("owner"), self.fields.get("unit")
        if isinstance(owner, OwnerField):
            owner.offer(actor)
        if isinstance(unit, UnitField):
            unit.offer_to(actor)

    @property
    def wanted(self) -> Change:
        """The change, of a valid form."""
        data = dict(self.cleaned_data)
        day = data.pop("day", None)
        deadline = end_of(day, before=False) if day else None
        return Change(self.kind, deadline=deadline, **data)
