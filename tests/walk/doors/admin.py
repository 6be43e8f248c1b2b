"""Django's admin: reference data alone, for whoever maintains it."""

from __future__ import annotations

from typing import Any

from tests.walk.register import SIGNED_IN, Door, roles
from tests.walk.rows import Rows

ADMINISTRATORS = roles("administrator")


def _list(rows: Rows) -> dict[str, Any]:
    return {"object_id": rows.code_list.pk}


def _item(rows: Rows) -> dict[str, Any]:
    return {"object_id": rows.code_item.pk}


DOORS = (
    Door("admin:index", ADMINISTRATORS, status=302),
    Door("admin:absent", SIGNED_IN, elsewhere="tests/security/test_admin.py: any other address"),
    Door("admin:records_codelist_changelist", ADMINISTRATORS),
    Door("admin:records_codelist_change", ADMINISTRATORS, _list, mute=True),
    Door("admin:records_codeitem_changelist", ADMINISTRATORS),
    Door("admin:records_codeitem_add", ADMINISTRATORS),
    Door("admin:records_codeitem_change", ADMINISTRATORS, _item, mute=True),
)
