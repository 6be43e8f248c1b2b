"""Choosing a person in a form: a sign-in name or a whole name, with suggestions below the field.

Works like the field for units (security.forms.unit_field): without a script by what is typed, with one
by radio buttons that the server lists.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from security.models import User
from security.search import folded, folded_field

FOUND_AT_MOST = 20


def find_people(people: QuerySet[User], typed: str) -> QuerySet[User]:
    """Those whose name, with or without accents, or sign-in name holds what was typed."""
    wanted = folded(typed)
    if not wanted:
        return people.none()
    named = people.select_related("unit").alias(plain=folded_field("full_name"))
    return named.filter(Q(plain__contains=wanted) | Q(username__icontains=typed.strip()))


class PersonPicker(forms.TextInput):
    """The text field, the place for the suggestions below it, and the suggestion chosen."""

    template_name = "security/person_picker.html"
    search_url = "security:colleague_search"

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.found: list[User] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(f"{name}_pick") or data.get(name)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        places = f"{widget['attrs'].get('id', name)}_picks"
        widget["attrs"] |= {
            "hx-get": reverse(self.search_url),
            "hx-trigger": "input changed delay:300ms",
            "hx-target": f"#{places}",
            "hx-sync": "this:replace",
        }
        return context | {"found": self.found, "name": name, "places": places}


class PersonField(forms.Field):
    """One of ``people``, which the form sets."""

    widget: PersonPicker
    picker: type[PersonPicker] = PersonPicker

    def __init__(self, **kwargs: Any) -> None:
        self.people: QuerySet[User] = User.objects.none()
        kwargs.setdefault("help_text", _("Type a part of the name, or the sign-in name."))
        super().__init__(widget=self.picker(), **kwargs)

    def to_python(self, value: Any) -> User | None:
        typed = " ".join(str(value or "").replace("\x00", "").split())
        if not typed:
            return None
        exact = self.people.filter(username=typed).first()
        if exact is not None:
            return exact
        found = list(find_people(self.people, typed)[:FOUND_AT_MOST])
        if len(found) == 1:
            return found[0]
        self.widget.found = found
        if found:
            raise ValidationError(_("Several people fit. Choose one below."), code="several")
        # Said the same of both, but somebody who exists and was not offered is no slip of the hand.
        foreign = User.objects.filter(username=typed, is_active=True).exists()
        code = "invalid_choice" if foreign else "unknown"
        raise ValidationError(_("Nobody of this name within your reach."), code=code)
