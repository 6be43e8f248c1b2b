"""Changes of the role × action matrix: one for the whole installation, so no unit hides any."""

from __future__ import annotations

from typing import Any

from tests.walk.register import Door, roles
from tests.walk.rows import Rows

# On their own unit alone they may not change what concerns holders everywhere: told so, sent back.
ADMINISTRATORS, OFFICERS = roles("administrator"), roles("security_officer")


def _change(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.change.pk}


DOORS = (
    Door(
        "security:role_change",
        ADMINISTRATORS,
        lambda rows: {"code": "unit_staff"},
        "POST",
        302,
        data=lambda rows: {"change": "allow:records.view", "reason": "QĐ"},
        fixed=True,
    ),
    Door("security:change_approve", OFFICERS, _change, "POST", 302),
    Door("security:change_refuse", OFFICERS, _change, "POST", 302, data=lambda r: {"reason": "x"}),
    Door("security:change_withdraw", ADMINISTRATORS, _change, "POST", 302),
)
