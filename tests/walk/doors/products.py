"""One product, its rounds and evidence."""

from __future__ import annotations

from typing import Any

from tests.walk.register import TASK_VIEWERS, Door
from tests.walk.rows import Rows


def _product(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "product": rows.product.pk}


def _handed_in(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "product": rows.submission.product.pk}


DOORS = (
    Door(
        "campaign:product",
        TASK_VIEWERS,
        _product,
        crossed=(lambda own, other: {"pk": own.task.pk, "product": other.product.pk},),
    ),
    Door("campaign:product", TASK_VIEWERS, _handed_in),
)
