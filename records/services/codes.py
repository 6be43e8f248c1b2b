"""Code lists as shipped: loaded once, never overwriting what people changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from records.models import CodeItem, CodeList

CODE_LISTS_FILE = Path(__file__).parent.parent / "data" / "code_lists.yaml"


@transaction.atomic
def load_code_lists() -> int:
    """Create the lists and items of code_lists.yaml that do not exist yet; returns how many items.

    An item is the same when list, code and first day of validity are; its name and the rest belong
    to the people who keep the lists, so a second call changes nothing.
    """
    entries = yaml.safe_load(CODE_LISTS_FILE.read_text("utf-8"))
    for entry in entries:
        CodeList.objects.get_or_create(
            code=entry["code"],
            defaults={key: entry[key] for key in ("name", "source", "confidence")},
        )
    known = set(CodeItem.objects.values_list("code_list_id", "code", "valid_from"))
    items = [
        item
        for entry in entries
        for position, raw in enumerate(entry["items"])
        if _identity(item := _item(entry, position, raw)) not in known
    ]
    CodeItem.objects.bulk_create(items)
    return len(items)


def _identity(item: CodeItem) -> tuple[str, str, date | None]:
    return item.code_list_id, item.code, item.valid_from


def _item(entry: dict[str, Any], position: int, raw: dict[str, Any]) -> CodeItem:
    return CodeItem(
        code_list_id=entry["code"],
        code=raw["code"],
        name=raw["name"],
        position=position,
        valid_from=_day(raw.get("valid_from")),
        valid_to=_day(raw.get("valid_to")),
        confidence=raw.get("confidence") or entry["confidence"],
        extra=raw.get("extra", {}),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
