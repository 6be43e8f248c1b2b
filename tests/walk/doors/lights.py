"""Thresholds of the lights and the comparisons with the rule."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.walk.register import TASK_VIEWERS, Door, roles

MANAGERS = roles("office")
_points = count(1)


def _thresholds(rows: Any) -> dict[str, str]:
    """Others each time: those in force already are refused."""
    return {
        "warning_days": "4",
        "behind_points": str(next(_points) % 99 + 1),
        "reason": "Theo tờ trình",
    }


DOORS = (
    Door("campaign:lights", TASK_VIEWERS),
    Door("campaign:lights", TASK_VIEWERS, query="?warning_days=5&behind_points=10"),
    Door(
        "campaign:lights_set",
        MANAGERS,
        None,
        "POST",
        302,
        data=_thresholds,
        seen=dict.fromkeys(TASK_VIEWERS - MANAGERS, 422),
    ),
    Door("campaign:light_checks", MANAGERS),
    Door("campaign:light_compare", MANAGERS, None, "POST", 302),
    Door("campaign:light_mend", MANAGERS, None, "POST", 302),
)
