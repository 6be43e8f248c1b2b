"""Matrices, timeline, calendar and their tables."""

from __future__ import annotations

from tests.walk.register import TASK_VIEWERS, Door

DOORS = (
    Door("campaign:matrix_six", TASK_VIEWERS),
    Door("campaign:matrix_six", TASK_VIEWERS, query="?state=draft&lacks=process"),
    Door("campaign:matrix_progress", TASK_VIEWERS),
    Door("campaign:matrix_blocks", TASK_VIEWERS),
    Door("campaign:matrix_units", TASK_VIEWERS),
    Door("campaign:timeline", TASK_VIEWERS),
    Door("campaign:timeline", TASK_VIEWERS, query="?by=unit&fold=all"),
    Door("campaign:calendar", TASK_VIEWERS),
    Door("campaign:calendar", TASK_VIEWERS, query="?view=week"),
    Door("campaign:calendar", TASK_VIEWERS, query="?view=day"),
    Door("campaign:plan_table", TASK_VIEWERS, lambda rows: {"which": "six"}, fixed=True),
    Door("campaign:plan_table", TASK_VIEWERS, lambda rows: {"which": "timeline"}, fixed=True),
    Door("campaign:plan_table", TASK_VIEWERS, lambda rows: {"which": "units"}, fixed=True),
    Door("campaign:plan_table", TASK_VIEWERS, lambda rows: {"which": "progress"}, fixed=True),
    Door("campaign:plan_table", TASK_VIEWERS, lambda rows: {"which": "blocks"}, fixed=True),
)
