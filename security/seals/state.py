"""Whether sealing keeps up: numbers alone, for health, screen and log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from security.models import AuditCheckpoint

LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class SealState:
    """``unsealed`` rows wait, the oldest for ``waiting``; ``number`` is the last checkpoint's."""

    number: int
    sealed_at: datetime | None
    unsealed: int
    waiting: timedelta

    @property
    def late(self) -> bool:
        return self.waiting > LATE_AFTER

    @property
    def minutes(self) -> int:
        return int(self.waiting.total_seconds() // 60)


def seal_state(*, now: datetime) -> SealState:
    """What is not sealed yet. A row may wait up to a minute for the next run, and for the end of
    the oldest transaction of the whole server."""
    last = AuditCheckpoint.objects.defer("leaves").order_by("-number").first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(at) FROM security_auditevent WHERE xid >= %s AND id > %s",
            [last.upto_xid, last.after_id] if last else [0, 0],
        )
        unsealed, oldest = cursor.fetchone()
    return SealState(
        number=last.number if last else 0,
        sealed_at=last.at if last else None,
        unsealed=unsealed,
        waiting=max(now - oldest, timedelta()) if oldest else timedelta(),
    )
