"""Thresholds of the lights and the comparisons with the rule."""

from __future__ import annotations

from tests.walk.register import TASK_VIEWERS, Door, roles

MANAGERS = roles("office")

DOORS = (
    Door("campaign:lights", TASK_VIEWERS),
    Door("campaign:lights", TASK_VIEWERS, query="?warning_days=5&behind_points=10"),
    # The campaign lies above everybody of this world; tests/campaign/test_light_settings.py has
    # an office that may.
    Door(
        "campaign:lights_set",
        roles(),
        None,
        "POST",
        302,
        data=lambda rows: {"warning_days": "4", "behind_points": "25", "reason": "Theo tờ trình"},
        seen=dict.fromkeys(TASK_VIEWERS, 422),
    ),
    Door("campaign:light_checks", MANAGERS),
    # Likewise refused, on the page that they lead back to.
    Door("campaign:light_compare", MANAGERS, None, "POST", 302),
    Door("campaign:light_mend", MANAGERS, None, "POST", 302),
)
