"""Sweeping the disk: what killed uploads left in the door, and blobs that no row names."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from digitization.models import Page, PageExport
from digitization.stored import named_blobs
from security import blobs, quarantine, upkeep
from security.models import StoredFile
from security.services.upkeep_runs import alone, recorded
from security.upkeep_rules import ALL_SHARES, share_of

T = TypeVar("T")
log = logging.getLogger(__name__)
# Every column that names a blob; a test looks for columns that are not in here.
NAMING: tuple[tuple[type[Model], str], ...] = (
    (StoredFile, "blob"),
    (Page, "derivative"),
    (Page, "thumbnail"),
    (PageExport, "blob"),
)
BATCH = 200  # blobs moved under one lock: receivers wait for it, well under a second


def sweep_files(*, shares: Collection[int] = ALL_SHARES) -> Counter[str]:
    """Sweep these shares; what happened, in numbers, which are also recorded.

    ``aside``: moved into quarantine. ``back``: named by a row after all and put back, which should
    never be and counts as a problem. ``deleted``: after a month in quarantine. ``busy``: somebody
    else sweeps, or uploads left no gap; the next night comes.
    """
    with alone("sweep") as mine:
        if not mine:
            return Counter(busy=1)
        with recorded("sweep") as running:
            counts = _swept(set(shares))
            running.figures, running.problems = dict(counts), counts["back"] > 0
    if counts["back"]:
        log.error("sweep: %d blobs were named by rows and put back", counts["back"])
    return counts


def _swept(shares: set[int]) -> Counter[str]:
    counts: Counter[str] = Counter(incoming=upkeep.sweep_incoming())
    try:
        _deal_with_quarantine(counts)
    except quarantine.BusyError:
        counts["busy"] += 1
    _set_aside(counts, shares)
    counts["in_quarantine"] = sum(1 for _one in quarantine.aside())
    return counts


def _set_aside(counts: Counter[str], shares: set[int]) -> None:
    names = {named.blob for named in named_blobs() if share_of(named.blob) in shares}
    today = timezone.localdate()
    for some in _in_batches(_old_and_unnamed(counts, shares, names)):
        if counts["busy"]:
            continue  # only to count what is on the disk
        try:
            counts["aside"] += len(quarantine.set_aside(some, today=today, named=named_among))
        except quarantine.BusyError:
            counts["busy"] += 1


def _old_and_unnamed(counts: Counter[str], shares: set[int], names: set[str]) -> Iterator[str]:
    """Counts all blobs on the way; whoever moves them looks again under the lock."""
    for blob in upkeep.all_blobs():
        found = _size_of(blobs.blob_path(blob))
        if found is None:
            continue
        counts["blobs"] += 1
        counts["bytes"] += found
        if share_of(blob) not in shares or blob in names:
            continue
        counts["unnamed"] += 1
        if quarantine.age(blobs.blob_path(blob)) > quarantine.SAFE_AGE:
            yield blob


def _in_batches(several: Iterable[T]) -> Iterator[list[T]]:
    left = iter(several)
    while some := list(islice(left, BATCH)):
        yield some


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _deal_with_quarantine(counts: Counter[str]) -> None:
    """Back goes what a row names after all; off the disk what lay here for a month."""
    today = timezone.localdate()
    for some in _in_batches(quarantine.aside()):
        wanted = named_among([blob for _day, blob, _path in some])
        for day, blob, path in some:
            if blob in wanted and quarantine.put_back(path):
                counts["back"] += 1
            elif today - day >= quarantine.KEPT:
                counts["deleted"] += 1
                counts["deleted_bytes"] += quarantine.drop(path)
    quarantine.drop_empty_days()


def named_among(some: Collection[str]) -> set[str]:
    """Those of the blobs that a row names at this moment."""
    return set(_named_now(list(some)))


def _named_now(some: list[str]) -> Iterable[str]:
    for model, column in NAMING:
        rows: QuerySet[Model] = model._default_manager.filter(**{f"{column}__in": some})
        yield from rows.values_list(column, flat=True)
