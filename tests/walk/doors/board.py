"""The board's own lists and the wall."""

from __future__ import annotations

from tests.walk.register import TASK_VIEWERS, Door, roles

LEADERS = roles("head", "deputy", "office")

DOORS = (
    # After the last briefing, or without a campaign, there is nothing to ask: sent home.
    Door("board_checkpoint", TASK_VIEWERS, query="?show=open"),
    Door("board_chase", LEADERS, query="?what=report"),
    Door("board_chase", LEADERS, query="?what=product"),
    Door("board_wall", LEADERS, partial=True),
)
