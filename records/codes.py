"""Reading code lists: names for display, choices for forms, validity for checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from records.models import CodeItem


@dataclass(frozen=True)
class Codes:
    """Items of several lists, read with one query."""

    day: date
    by_list: dict[str, dict[str, CodeItem]] = field(default_factory=dict)

    def name(self, code_list: str, code: str) -> str:
        """The item's name; the bare code where the list no longer has it."""
        item = self.by_list.get(code_list, {}).get(code)
        return item.name if item else code

    def item(self, code_list: str, code: str) -> CodeItem | None:
        return self.by_list.get(code_list, {}).get(code)

    def is_valid(self, code_list: str, code: str) -> bool:
        item = self.item(code_list, code)
        return item is not None and _in_force(item, self.day)

    def choices(self, code_list: str) -> list[tuple[str, str]]:
        """(code, name) of what may be chosen on ``day``, in the order of the list."""
        return [
            (item.code, item.name)
            for item in self.by_list.get(code_list, {}).values()
            if _in_force(item, self.day)
        ]


def read_codes(lists: Iterable[str], *, day: date) -> Codes:
    """The named lists. Of several versions of a code the one in force on ``day`` wins."""
    by_list: dict[str, dict[str, CodeItem]] = {}
    wanted = {name for name in lists if name}
    for item in CodeItem.objects.filter(code_list__in=wanted).order_by("code_list", "position"):
        items = by_list.setdefault(item.code_list_id, {})
        if item.code not in items or _in_force(item, day):
            items[item.code] = item
    return Codes(day, by_list)


def _in_force(item: CodeItem, day: date) -> bool:
    return (item.valid_from is None or item.valid_from <= day) and (
        item.valid_to is None or item.valid_to >= day
    )
