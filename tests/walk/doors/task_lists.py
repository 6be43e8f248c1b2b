"""Lists of tasks: the campaign they speak of, changes of many at once, saved views."""

from __future__ import annotations

from tests.walk.register import TASK_VIEWERS, Door

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
)
