"""Members and cadres."""

from __future__ import annotations

from typing import Any

from tests.walk.register import Door, roles
from tests.walk.rows import Rows

READERS = roles("keeper", "cell_secretary")
KEEPERS = roles("keeper")


def _member(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.member.pk}


def _cadre(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.cadre.pk}


def _edition(rows: Rows) -> dict[str, Any]:
    return {"edition": "1.1", "reason": "Sửa", "basis": "01-QĐ", "full_name": "Trần Khác"}


DOORS = (
    Door("records:member_list", READERS, partial=True),
    Door("records:member_list", READERS, query="?q=tran"),
    Door("records:member_list", READERS, query="?q=canary"),
    # His own record was opened to the member himself.
    Door("records:member_detail", READERS | {"member"}, _member),
    Door("records:member_history", READERS | {"member"}, _member),
    Door("records:member_edit", KEEPERS, _member),
    Door(
        "records:member_edit",
        KEEPERS,
        _member,
        "POST",
        302,
        data=lambda rows: _edition(rows) | {"status": "chinh_thuc", "profile_number": "000001THU"},
    ),
    Door("records:cadre_list", READERS, partial=True),
    Door("records:cadre_list", READERS, query="?q=tran"),
    Door("records:cadre_detail", READERS, _cadre),
    Door("records:cadre_history", READERS, _cadre),
    Door("records:cadre_edit", KEEPERS, _cadre),
    Door(
        "records:cadre_edit",
        KEEPERS,
        _cadre,
        "POST",
        302,
        data=lambda rows: _edition(rows) | {"post": "Chuyên viên"},
    ),
    Door("records:own", roles("member"), status=302),
)
