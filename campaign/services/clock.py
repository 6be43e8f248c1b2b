"""The one clock that every worker shares."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """What the database's clock says this instant.

    For what runs by itself: a worker whose own clock is ahead would turn lights before their time,
    one behind would leave them late, and two would disagree about what is due.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
