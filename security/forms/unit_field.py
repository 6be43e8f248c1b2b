"""Choosing one of thirty thousand units in a form.

A text field that takes a code or a whole name, so it works without a script; with one, the
server lists what fits below it and each is a radio button. Several fitting ones come back as the
same buttons.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from security.models import Unit, User
from security.selectors.tree import FOUND_AT_MOST, find_units, named_unit, units_offered


class UnitPicker(forms.TextInput):
    """The text field, the place for the suggestions below it, and the suggestion chosen."""

    template_name = "security/unit_picker.html"

    def __init__(self, action: str) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.action = action
        self.found: list[Unit] = []
        self.chosen = ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(f"{name}_pick") or data.get(name)

    def format_value(self, value: Any) -> str | None:
        return value.code if isinstance(value, Unit) else super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        places = f"{widget['attrs'].get('id', name)}_picks"
        asked = urlencode({"action": self.action, "name": name})
        widget["attrs"] |= {
            "hx-get": f"{reverse('security:unit_search')}?{asked}",
            "hx-trigger": "input changed delay:300ms",
            "hx-target": f"#{places}",
            "hx-sync": "this:replace",
        }
        shown = {"found": self.found, "name": name, "places": places, "chosen": self.chosen}
        return context | shown


class UnitField(forms.Field):
    """A standing unit on which ``actor`` may do ``action``; set ``actor`` by ``offer_to``."""

    widget: UnitPicker

    def __init__(self, action: str, **kwargs: Any) -> None:
        self.action = action
        self.units: QuerySet[Unit] = Unit.objects.none()
        kwargs.setdefault("help_text", _("Type a part of the name, or the code."))
        super().__init__(widget=UnitPicker(action), **kwargs)

    def offer_to(self, actor: User) -> None:
        self.units = units_offered(actor, self.action)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            value = Unit.objects.filter(pk=value).first()
        if not isinstance(value, Unit):
            return value
        self.widget.chosen = value.name
        return value.code

    def to_python(self, value: Any) -> Unit | None:
        if isinstance(value, Unit):  # the initial value of a field that was switched off
            return value
        typed = str(value or "").strip()
        if not typed:
            return None
        unit = named_unit(self.units, typed)
        if unit is None:
            self.widget.found = list(find_units(self.units, typed)[:FOUND_AT_MOST])
            if len(self.widget.found) == 1:
                return self.widget.found[0]
            if self.widget.found:
                raise ValidationError(_("Several units fit. Choose one below."), code="several")
            # Said the same of both, but a unit that exists and was not offered is no slip of the hand.
            foreign = Unit.objects.filter(code=typed, dissolved_on=None).exists()
            code = "invalid_choice" if foreign else "unknown"
            raise ValidationError(_("No such unit within your reach."), code=code)
        return unit
