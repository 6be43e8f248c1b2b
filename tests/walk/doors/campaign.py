"""Tasks, products, the board."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.walk.register import SIGNED_IN, TASK_VIEWERS, Door, roles
from tests.walk.rows import Rows

WORKERS = roles("office", "unit_head", "unit_staff")
GRADERS = roles("head", "deputy", "office", "unit_head")
AT_HOME = roles("unit_head", "unit_staff", "nobody", "expired")
DECIDERS = roles("head", "deputy")
MANAGERS = roles("office")


def _others(those: frozenset[str]) -> dict[str, int]:
    """They see the task and are told, on it, that their role does not allow this."""
    return dict.fromkeys(TASK_VIEWERS - those, 422)


def _task(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk}


def _draft(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.draft.pk}


def _product(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "product": rows.product.pk}


def _submission(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "submission": rows.submission.pk}


def _in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()  # noqa: DTZ011 - any day near will do


DOORS = (
    # Everybody else is sent where he works.
    Door("home", AT_HOME, seen=dict.fromkeys(SIGNED_IN - AT_HOME, 302), partial=True),
    Door("board", roles("head", "deputy", "office"), partial=True),
    Door("campaign:task_list", TASK_VIEWERS, partial=True),
    Door("campaign:task_list", TASK_VIEWERS, query="?state=draft", partial=True),
    Door("campaign:product_list", TASK_VIEWERS, query="?show=all", partial=True),
    Door("campaign:product_list", TASK_VIEWERS, query="?show=waiting"),
    Door("campaign:task_detail", TASK_VIEWERS, _task, partial=True),
    Door("campaign:task_detail", TASK_VIEWERS, _draft),
    Door(
        "campaign:report",
        WORKERS,
        _task,
        "POST",
        302,
        data=lambda rows: {"percent": "10", "note": "Đã làm"},
        seen=_others(WORKERS),
    ),
    Door(
        "campaign:submit",
        WORKERS,
        _product,
        "POST",
        302,
        data=lambda rows: {"statement": "Đủ"},
        seen=_others(WORKERS),
        crossed=(lambda own, other: {"pk": own.task.pk, "product": other.product.pk},),
    ),
    Door(
        "campaign:accept",
        GRADERS,
        _submission,
        "POST",
        302,
        data=lambda rows: {"grade": "A"},
        seen=_others(GRADERS),
        crossed=(lambda own, other: {"pk": own.task.pk, "submission": other.submission.pk},),
    ),
    Door(
        "campaign:revise",
        DECIDERS,
        _task,
        "POST",
        302,
        data=lambda rows: {"revise-day": _in_days(50), "revise-reason": "Theo tờ trình"},
        seen=_others(DECIDERS),
    ),
    Door(
        "campaign:judge",
        DECIDERS,
        _task,
        "POST",
        302,
        data=lambda rows: {
            "judge-light": "red",
            "judge-reason": "Thấy khác",
            "judge-expires_on": _in_days(5),
        },
        seen=_others(DECIDERS),
    ),
    Door(
        "campaign:complete",
        MANAGERS,
        _draft,
        "POST",
        302,
        data=lambda rows: {
            "responsibility": "Chịu trách nhiệm",
            "process": "Lập, trình",
            "version": rows.draft.version,
        },
        seen=_others(MANAGERS),
    ),
    Door("campaign:activate", MANAGERS, _draft, "POST", 302, seen=_others(MANAGERS)),
)
