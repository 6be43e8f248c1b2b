"""Values of a task as people write them in a table."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from campaign.models import Task, TaskUnit
from campaign.models.plan import PlanPart
from campaign.rules import last_day
from campaign.table_columns import BETWEEN_UNITS
from security.models import Unit, User
from security.search import folded

PARTS = ("group", "matrix_row", "phase", "block")


def shown_value(key: str, value: Any) -> str:
    """A value on its way in, in words."""
    if isinstance(value, list):
        if key == "units":
            return BETWEEN_UNITS.join(f"{u.code}: {part}" if part else u.code for u, part in value)
        return "\n".join(value)
    if key == "kind":
        return str(Task.Kind(value).label)
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{last_day(value):%d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, Unit):
        return f"{value.name} ({value.code})"
    if isinstance(value, User):
        return f"{value.full_name or value.username} ({value.username})"
    return str(value.no) if isinstance(value, PlanPart) else str(value)


def shown_now(task: Task, key: str) -> str:
    """What the task has in this column."""
    if key == "units":
        return BETWEEN_UNITS.join(_partner(one) for one in task.task_units.all())
    if key == "products":
        return "\n".join(product.title for product in task.products.all())
    return shown_value(key, getattr(task, key))


def _partner(one: TaskUnit) -> str:
    return f"{one.unit.code}: {one.part}" if one.part else one.unit.code


def forms_now(task: Task, key: str) -> set[str]:
    """Every way in which a table may say what the task has already, folded."""
    now = {shown_now(task, key)}
    value = getattr(task, key, None)
    if isinstance(value, Unit):
        now |= {value.name, value.code}
    elif isinstance(value, User):
        now |= {value.full_name, value.username}
    elif key == "units":
        rows = task.task_units.all()
        now.add(BETWEEN_UNITS.join(one.unit.name for one in rows))
    return {folded(words) for words in now} if key not in EXACT else set()


# A text that differs in a capital or an accent differs.
EXACT = frozenset({"title", "responsibility", "process", "check_text", "risk", "handling", "note"})
