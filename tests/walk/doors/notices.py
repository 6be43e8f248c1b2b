"""Notices: the inbox, what one is told and how, e-mails, and the calendar feed."""

from __future__ import annotations

from tests.walk.register import ANYBODY, SIGNED_IN, TASK_VIEWERS, Door, roles

STATE = roles("administrator", "security_officer")
CHOICES = {
    **dict.fromkeys(
        (
            "way_turned_red",
            "way_lagging",
            "way_turned_yellow",
            "way_turned_better",
            "way_mentioned",
        ),
        "inbox",
    ),
    **dict.fromkeys(("way_given", "way_decided", "way_to_decide"), "digest"),
    "digest_at": "07:00",
    "quiet_from": "21:00",
    "quiet_until": "06:30",
}

DOORS = (
    Door("notices", SIGNED_IN, partial=True),
    Door("notices", SIGNED_IN, query="?show=unread&kind=mentioned&page=2"),
    Door("notices_badge", SIGNED_IN),
    Door("notices_mark", SIGNED_IN, None, "POST", 302, data=lambda rows: {"all": "1"}),
    Door("notice_choices", SIGNED_IN),
    Door("notice_choices", SIGNED_IN, None, "POST", 302, data=lambda rows: CHOICES),
    Door("notice_deliveries", SIGNED_IN),
    Door("notice_sending", STATE, moves=True),
    Door("notice_send_again", roles("administrator"), None, "POST", 302),
    Door("calendar_feed", TASK_VIEWERS),
    # It asks first who one is.
    Door("calendar_feed_new", TASK_VIEWERS, status=302),
    Door("calendar_feed_end", TASK_VIEWERS, None, "POST", 302),
    Door(
        "calendar_feed_file",
        ANYBODY,
        elsewhere="tests/dashboard/test_calendar_feed.py: no session opens it, a key does",
    ),
)
