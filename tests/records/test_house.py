from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("campaign", "config", "dashboard", "digitization", "records", "security")
PAST_THE_HISTORY = re.compile(
    r"\b(Person|Member|Cadre)\.(objects|_default_manager)\b[^;]{0,300}?"
    r"\.(update|bulk_create|bulk_update|delete)\("
)


@pytest.mark.parametrize("app", APPS)
def test_nothing_writes_past_the_history_of_a_register(app: str) -> None:
    """``update()`` and bulk writes leave no version behind: services use the bulk helpers."""
    found = [
        f"{path.relative_to(settings.BASE_DIR)}: {match[0][:80]}"
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py"))
        for match in PAST_THE_HISTORY.finditer(path.read_text("utf-8"))
    ]
    assert found == []
