"""Telling whoever runs the machine without his looking: a bar on his pages, a letter an hour.

Codes and numbers alone leave the machine, and only where ``ALERT_EMAIL`` names somebody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from security import letters
from security.models import AuditCheckpoint, FileFinding
from security.seals.state import LATE_AFTER, seal_state
from security.selectors.upkeep import backup_in_time

log = logging.getLogger(__name__)
AN_HOUR = 3600
SENT = "alarms.letter"


def sealing_is_late(*, now: datetime) -> bool:
    """Whether any row waits longer than it may; asked for every page of an administrator."""
    last = AuditCheckpoint.objects.only("upto_xid", "after_id").order_by("-number").first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM security_auditevent"
            " WHERE xid >= %s AND id > %s AND at < %s)",
            [*((last.upto_xid, last.after_id) if last else (0, 0)), now - LATE_AFTER],
        )
        return bool(cursor.fetchone()[0])


def ringing(*, now: datetime) -> list[str]:
    """What is not in order, one line each: a code and numbers."""
    state, found = seal_state(now=now), []
    if state.late:
        found.append(f"seals_late rows={state.unsealed} minutes={state.minutes}")
    if bad := FileFinding.objects.open().count():
        found.append(f"files_damaged files={bad}")
    if not backup_in_time(now):
        found.append("backup_late")
    return found


def tell(also: Iterable[str] = (), *, now: datetime) -> bool:
    """Send one letter with everything that rings; whether it was sent.

    At most one an hour for the whole installation, however many workers ask: the mark is a row of
    the shared cache. A letter that cannot be sent is tried again the next time.
    """
    lines = [*also, *ringing(now=now)]
    if not lines or not settings.ALERT_EMAIL:
        return False
    if not cache.add(SENT, now.isoformat(), AN_HOUR):
        return False
    body = "\n".join([f"{now:%Y-%m-%dT%H:%MZ}", *lines, "manage.py audit_verify · /healthz"])
    try:
        letters.send(subject=f"Sáu Rõ: {len(lines)} alarm(s)", text=body, to=settings.ALERT_EMAIL)
    except letters.LetterError as error:
        cache.delete(SENT)
        log.error("the letter about %d alarms was not sent: %s", len(lines), error)
        return False
    return True
