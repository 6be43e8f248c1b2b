"""One product, its rounds and evidence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.walk.register import TASK_VIEWERS, Door, roles
from tests.walk.rows import Rows

LEADERS = roles("head", "deputy")


def _tomorrow() -> str:
    return (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - any day near will do


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
    Door(
        "campaign:product_deadline",
        LEADERS,
        _product,
        crossed=(lambda own, other: {"pk": own.task.pk, "product": other.product.pk},),
    ),
    Door(
        "campaign:product_deadline",
        LEADERS,
        _product,
        "POST",
        302,
        data=lambda rows: {"day": _tomorrow(), "reason": "Theo tờ trình"},
        crossed=(lambda own, other: {"pk": own.task.pk, "product": other.product.pk},),
    ),
)
