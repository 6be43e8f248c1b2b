"""Exports wait in PostgreSQL; a broker message only wakes a worker. As ``digitization.queue`` does
for pages: claimed under a lock, kept by a lease of the database's clock, given to another worker
when that runs out. A second worker begins the file anew: half a file has no name."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from digitization import export_rules as rules
from digitization.models import PageExport

log = logging.getLogger(__name__)
TASK, QUEUE = "digitization.tasks.assemble_next", "assemble"
State = PageExport.State


@dataclass(frozen=True)
class Claim:
    """One attempt at one export; both together are the right to write its result."""

    export_id: int
    attempt: int


@transaction.atomic
def claim(*, worker: str) -> Claim | None:
    """Take the export that waited longest; None where nothing is to be made."""
    waiting = PageExport.objects.filter(state=State.APPROVED, attempts_left__gt=0)
    row = waiting.select_for_update(skip_locked=True).order_by("asked_at").first()
    if row is None:
        return None
    PageExport.objects.filter(pk=row.pk).update(
        state=State.RUNNING,
        attempts=F("attempts") + 1,
        attempts_left=F("attempts_left") - 1,
        worker=worker[:120],
        lease_until=Now() + rules.LEASE,
        done=0,
        error_code="",
    )
    return Claim(row.pk, row.attempts + 1)


def progress(taken: Claim, done: int) -> bool:
    """Note how many pages are written and prolong the lease. False: it was cancelled, withdrawn, or
    given to somebody else meanwhile, so nothing of it may be written any more."""
    changed = PageExport.objects.filter(_ours(taken)).update(
        done=done, lease_until=Now() + rules.LEASE
    )
    return bool(changed == 1)


def close(taken: Claim, *, state: str, **columns: object) -> bool:
    """End the attempt in ``state``; False: it is no longer ours."""
    fields = {"state": state, "lease_until": None, **columns}
    return bool(PageExport.objects.filter(_ours(taken)).update(**fields) == 1)


def fail(taken: Claim, *, error: str) -> bool:
    """End the attempt with its reason; the asker may have it tried again."""
    return close(taken, state=State.FAILED, error_code=error)


@transaction.atomic
def requeue_expired() -> int:
    """Exports whose worker fell silent: to another one, or failed after the last attempt."""
    silent = PageExport.objects.filter(state=State.RUNNING, lease_until__lt=Now())
    rows = list(silent.select_for_update(skip_locked=True).only("id", "attempts_left"))
    for row in rows:
        PageExport.objects.filter(pk=row.pk).update(
            state=rules.after_lost_worker(row.attempts_left),
            error_code="worker_lost",
            lease_until=None,
        )
    return len(rows)


def wake() -> bool:
    """Send one wake-up; a broker that is down loses nothing but time (the sweep sends another)."""
    try:
        current_app.send_task(TASK, queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("wake-up not sent: %s", type(error).__name__)
        return False
    return True


def wake_if_waiting() -> bool:
    """A wake-up, if something waits."""
    return PageExport.objects.filter(state=State.APPROVED).exists() and wake()


def _ours(taken: Claim) -> Q:
    return Q(pk=taken.export_id, state=State.RUNNING, attempts=taken.attempt)
