"""Choosing whom a task is given to, and forms whose refusals stand at their fields."""

from __future__ import annotations

from typing import Any, ClassVar

from campaign.forms.deeds import ServiceForm
from security.forms.person_field import PersonField, PersonPicker
from security.models import User
from security.selectors.tree import units_where
from security.services import RefusedError

MANAGE = "campaign.manage"


class OwnerPicker(PersonPicker):
    """Says below the field whom its sign-in name means."""

    template_name = "campaign/owner_picker.html"
    search_url = "campaign:people_search"

    def __init__(self) -> None:
        super().__init__()
        self.chosen = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return context | {"chosen": self.chosen}


class OwnerField(PersonField):
    """A person of the units where the actor runs the campaign, or of his own branch: ``offer``."""

    picker = OwnerPicker

    def offer(self, actor: User, *, there: int | None = None) -> None:
        """there: who it is now; he may stay, even where the actor would not reach him."""
        self.people = people_to_charge(actor) | User.objects.filter(pk=there or 0)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, User):
            return value
        if isinstance(self.widget, OwnerPicker):
            self.widget.chosen = f"{value.full_name}, {value.unit.name}"
        return value.username


def people_to_charge(actor: User) -> Any:
    """Whom somebody may make an owner: open accounts of units where he runs the campaign or answers
    for products. Nobody else's name is told."""
    units = units_where(actor, MANAGE) | units_where(actor, "campaign.accept")
    return User.objects.filter(is_active=True, unit__in=units).order_by("full_name", "pk")


class PlacedForm(ServiceForm):
    """``places``: at which field a refusal's code is told where it is not the field's own name."""

    places: ClassVar[dict[str, str]] = {}

    def refuse(self, error: RefusedError) -> None:
        for problem in error.problems:
            field = self.places.get(problem.code, problem.code)
            self.add_error(field if field in self.fields else None, problem.message)
