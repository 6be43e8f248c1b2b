"""When an installation is kept well: how old a backup, a drill, a reading of a file may be.

Pure: no Django, no database, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

SHARES = 30  # of the stored files; a night reads at least one of them
ALL_SHARES = range(SHARES)
# Nights that were missed are made up for, but a night must end before people come.
SHARES_A_NIGHT = 3
READ_WITHIN = timedelta(days=31)
# What was read less than this ago is not due yet: 30 nights, less an hour or two of drift.
NOT_DUE_FOR = timedelta(days=29)
BACKUP_WITHIN = timedelta(hours=36)
DRILL_WITHIN = timedelta(days=92)


def share_of(blob: str) -> int:
    """Which share of the files a blob belongs to; its name is a hash, so the shares are even."""
    return int(blob[:8], 16) % SHARES


def mask_of(shares: Iterable[int]) -> int:
    """Several shares as one figure of a run: bit by bit."""
    return sum(1 << share for share in set(shares))


def shares_read(runs: Iterable[tuple[datetime, int]]) -> dict[int, datetime]:
    """When each share was last read to its end, from begin and mask of finished runs."""
    read: dict[int, datetime] = {}
    for at, mask in runs:
        for share in ALL_SHARES:
            if mask >> share & 1:
                read[share] = max(at, read.get(share, at))
    return read


def shares_due(read: Mapping[int, datetime], *, now: datetime) -> list[int]:
    """What tonight reads: the shares that waited longest, at least one, at most a few."""
    never = datetime.min.replace(tzinfo=now.tzinfo)
    by_age = sorted(ALL_SHARES, key=lambda share: (read.get(share, never), share))
    due = [share for share in by_age if now - read.get(share, never) > NOT_DUE_FOR]
    return due[:SHARES_A_NIGHT] or by_age[:1]


def all_read(read: Mapping[int, datetime], *, now: datetime) -> bool:
    """Whether every file was read within the last 31 days."""
    return all(share in read and now - read[share] <= READ_WITHIN for share in ALL_SHARES)
