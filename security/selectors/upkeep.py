"""What the recorded runs say: which files were read when, what is not in order."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from security.models import FileFinding, UpkeepRun
from security.seals.state import seal_state
from security.upkeep_rules import BACKUP_WITHIN, READ_WITHIN, shares_read


def files_read(now: datetime) -> dict[int, datetime]:
    """Begin of the last whole reading of each share of the stored files, of late."""
    runs = UpkeepRun.objects.filter(
        kind=UpkeepRun.Kind.FIXITY,
        outcome__in=[UpkeepRun.Outcome.OK, UpkeepRun.Outcome.PROBLEMS],
        started_at__gt=now - READ_WITHIN,
    )
    columns = runs.values_list("started_at", "figures")
    return shares_read((at, figures.get("shares_mask", 0)) for at, figures in columns)


def files_whole() -> bool:
    """False while a stored file is known to be damaged, missing or without its key."""
    return not FileFinding.objects.open().exists()


def backup_in_time(now: datetime) -> bool:
    """Whether there is a backup of the last day and a half."""
    last = UpkeepRun.objects.newest_usable(UpkeepRun.Kind.BACKUP)
    return last is not None and now - (last.finished_at or last.started_at) <= BACKUP_WITHIN


def alarm_count() -> int:
    """How many of the three alarms ring: seals late, files not whole, no backup in time."""
    now = timezone.now()
    return [seal_state(now=now).late, not files_whole(), not backup_in_time(now)].count(True)
