"""Moving a whole plan to another start: every date of the campaign by the same number of days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

FRIDAY = 4
DAY_KEYS = {"start", "end", "day", "before", "by", "date"}
DAY_LISTS = {"checkpoints", "dates"}


class StartError(ValueError):
    """A new start that is not a Friday."""


def shifted(data: dict[str, Any], start: date | None) -> dict[str, Any]:
    """The same plan beginning at ``start``; printed words stay as printed.

    Weeks run from Friday to Thursday, so a start on another weekday would put every briefing on a
    wrong day: StartError. The dates of the legal bases are facts outside the plan and stay.
    """
    if start is None:
        return data
    if start.weekday() != FRIDAY:
        raise StartError(f"--start {start.isoformat()} is not a Friday")
    days = start - date.fromisoformat(data["campaign"]["start"])
    moved: dict[str, Any] = _moved(data, days)
    if "bases" in data.get("reference", {}):
        moved["reference"]["bases"] = data["reference"]["bases"]
    return moved


def _moved(value: Any, by: timedelta, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _moved(item, by, name) for name, item in value.items()}
    if isinstance(value, list):
        inner = "day" if key in DAY_LISTS else ""
        return [_moved(item, by, inner) for item in value]
    if key in DAY_KEYS and isinstance(value, str) and value != "weekly":
        return (date.fromisoformat(value) + by).isoformat()
    return value
