"""A table of tasks on its way in: one's own tables, and the form for another one."""

from __future__ import annotations

from typing import Any

from tests.walk.register import Door, roles
from tests.walk.rows import Rows

MANAGERS = roles("office")


def _mine(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk}  # everybody's tables are his alone: the tests make some


DOORS = (
    Door("campaign:imports", MANAGERS),
    Door("campaign:imports", MANAGERS, method="POST", status=422),
    Door("campaign:import_template", MANAGERS),
    *(
        Door(f"campaign:{name}", roles(), _mine, method, elsewhere="test_import_views.py")
        for name, method in (
            ("import", "GET"),
            ("import_problems", "GET"),
            ("import_apply", "POST"),
            ("import_again", "POST"),
            ("import_drop", "POST"),
        )
    ),
)
