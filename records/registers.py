"""What the member and the cadre register have in common for their screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from records.models import Cadre, Member
from records.services import update_cadre, update_member


@dataclass(frozen=True)
class Register:
    """One register: its rows, the words of its screens, and the service that changes a row."""

    name: str  # model name, prefix of URL names and templates
    model: type[Member | Cadre]
    title: str | Promise
    update: Callable[..., Member | Cadre]

    @property
    def list_url(self) -> str:
        return f"records:{self.name}_list"

    @property
    def detail_url(self) -> str:
        return f"records:{self.name}_detail"

    @property
    def history_url(self) -> str:
        return f"records:{self.name}_history"

    @property
    def edit_url(self) -> str:
        return f"records:{self.name}_edit"

    def save(self, row: Member | Cadre, **terms: Any) -> Member | Cadre:
        return self.update(**{self.name: row}, **terms)


MEMBERS = Register("member", Member, _("Members"), update_member)
CADRES = Register("cadre", Cadre, _("Cadres"), update_cadre)
