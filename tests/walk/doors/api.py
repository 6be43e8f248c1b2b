"""The API for programs and for the browser."""

from __future__ import annotations

from typing import Any

from tests.walk.register import SIGNED_IN, Door, roles
from tests.walk.rows import Rows

READERS = roles("keeper", "cell_secretary")


def _member(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.member.pk}


DOORS = (
    Door("api-absent", SIGNED_IN, status=404, outside=401),
    Door("api-schema", SIGNED_IN, outside=401),
    Door("member-list", READERS, outside=401),
    Door("member-list", READERS, query="?q=canary", outside=401),
    Door("member-detail", READERS | {"member"}, _member, outside=401),
)
