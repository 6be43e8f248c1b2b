"""Monthly partitions of the trail, made ahead of time."""

from datetime import datetime

from django.db import connection

MONTHS_AHEAD = 3


def make_partitions(*, now: datetime) -> None:
    """Make the partitions of this month and the next ones; existing ones stay. Idempotent."""
    year, month = now.year, now.month
    with connection.cursor() as cursor:
        for _ahead in range(MONTHS_AHEAD + 1):
            cursor.execute("SELECT security_audit_add_month(%s, %s)", [year, month])
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
