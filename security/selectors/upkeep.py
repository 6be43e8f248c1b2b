"""What the recorded runs say: which files were read when, what is not in order."""

from __future__ import annotations

from datetime import datetime

from security.models import UpkeepRun
from security.upkeep_rules import READ_WITHIN, shares_read


def files_read(now: datetime) -> dict[int, datetime]:
    """Begin of the last whole reading of each share of the stored files, of late."""
    runs = UpkeepRun.objects.filter(
        kind=UpkeepRun.Kind.FIXITY,
        outcome__in=[UpkeepRun.Outcome.OK, UpkeepRun.Outcome.PROBLEMS],
        started_at__gt=now - READ_WITHIN,
    )
    columns = runs.values_list("started_at", "figures")
    return shares_read((at, figures.get("shares_mask", 0)) for at, figures in columns)
