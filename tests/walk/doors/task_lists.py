"""Lists of tasks: the campaign they speak of, changes of many at once, saved views."""

from __future__ import annotations

from typing import Any

from tests.walk.register import TASK_VIEWERS, Door, roles
from tests.walk.rows import Rows


def _mine(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk}  # no view has this number: everybody's own are his alone


def _ask(rows: Rows) -> dict[str, Any]:
    """A change that nobody may make for this task: what is asked of the page is its refusal."""
    return {"task": f"{rows.task.pk}:0-a0-0", "change": "nothing"}


DOORS = (
    Door(
        "campaign:choose",
        TASK_VIEWERS,
        None,
        "POST",
        302,
        data=lambda rows: {"campaign": rows.task.campaign.code},
        fixed=True,
    ),
    Door("campaign:bulk", TASK_VIEWERS, query="?all=1&list=state%3D"),
    Door("campaign:bulk", TASK_VIEWERS, query="?all=1&list=&change=ask"),
    Door("campaign:bulk_apply", TASK_VIEWERS, None, "POST", 302, data=_ask),
    Door("campaign:views", TASK_VIEWERS),
    Door(
        "campaign:view_save",
        TASK_VIEWERS,
        None,
        "POST",
        302,
        data=lambda rows: {"name": "Đỏ", "query": "light=red"},
    ),
    *(
        Door(f"campaign:view_{verb}", roles(), _mine, "POST", elsewhere="test_saved_views.py")
        for verb in ("rename", "move", "default", "delete")
    ),
    Door("campaign:campaigns", TASK_VIEWERS),
    *(
        Door(
            f"campaign:{verb}",
            roles(),
            lambda rows: {"code": rows.task.campaign.code},
            "POST",
            elsewhere="test_choosing.py",
        )
        for verb in ("close", "reopen")
    ),
)
