"""Tasks, lights, facts and figures for programs; three sorts of facts can be added."""

from __future__ import annotations

from typing import Any

from tests.walk.doors.campaign import WORKERS
from tests.walk.register import TASK_VIEWERS, Door, roles
from tests.walk.rows import Rows

LEADERS = roles("head", "deputy", "office")
PARTS = (
    *("reports", "submissions", "comments", "revisions"),
    *("transitions", "judgements", "hand-overs"),
)


def _task(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk}


def _draft(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.draft.pk}


def _campaign(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.campaign_id}


def _adds(name: str, those: frozenset[str], data: Any) -> Door:
    """Whoever sees the task and may not do this is told so."""
    seen = dict.fromkeys(TASK_VIEWERS - those, 403)
    return Door(name, those, _task, "POST", 201, data, seen=seen, outside=401, json=True)


DOORS = (
    Door("task-list", TASK_VIEWERS, outside=401),
    Door("task-list", TASK_VIEWERS, query="?state=draft", outside=401),
    Door("task-list", TASK_VIEWERS, query="?q=canary", outside=401),
    Door("task-list", TASK_VIEWERS, query="?at=2024-05-06", outside=401),
    Door("task-detail", TASK_VIEWERS, _task, outside=401),
    Door("task-detail", TASK_VIEWERS, _draft, outside=401),
    *(Door(f"task-{part}", TASK_VIEWERS, _task, outside=401) for part in PARTS),
    _adds("task-reports", WORKERS, lambda rows: {"percent": 10, "note": "Đã làm"}),
    _adds(
        "task-submissions",
        WORKERS,
        lambda rows: {"product": rows.product.pk, "statement": "Đủ"},
    ),
    _adds("task-comments", TASK_VIEWERS, lambda rows: {"text": "Đã xem"}),
    Door("light-list", TASK_VIEWERS, outside=401),
    Door("light-detail", TASK_VIEWERS, _task, outside=401),
    Door("light-detail", TASK_VIEWERS, _draft, query="?at=2024-05-06", outside=401),
    Door("api-board", LEADERS, outside=401),
    Door("api-board", LEADERS, query="?at=2024-05-06", outside=401),
    Door("campaign-list", TASK_VIEWERS, outside=401),
    Door("campaign-detail", TASK_VIEWERS, _campaign, outside=401, fixed=True),
    Door("campaign-weeks", TASK_VIEWERS, _campaign, outside=401, fixed=True),
)
