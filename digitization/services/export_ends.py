"""How exports end: downloaded (each time asked anew), withdrawn, expired, bytes removed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from digitization import export_queue
from digitization import export_rules as rules
from digitization.models import Dossier, PageExport
from digitization.problems import refused
from digitization.services.exports import end, locked, tell, withdrawn_if_lost
from security import audit, blobs
from security.models import User

log = logging.getLogger(__name__)
State = PageExport.State
AT_ONCE = 500


def note_download(*, actor: User, export: PageExport, now: datetime) -> PageExport:
    """Ask once more whether the asker may have it, and write the trail before the first byte.

    Returns the export; only if its state is still ``ready`` may its bytes be given. One row of the
    trail for the export, one with the pages, one for each dossier: whoever looks for the readers of
    a page or a dossier finds this, too. The rows of the export and its pages are committed by
    themselves. Raises RefusedError (not_allowed, export_not_ready).
    """
    row = _counted(actor, export, now)
    if row.state == State.READY:
        tell("export.downloaded", row, actor=actor, reason=f"{row.purpose}: {row.reason}")
        audit.record(
            "export.downloaded", actor=actor, object_type="digitization.page", ids=row.page_ids,
            reason=row.number,
        )  # fmt: skip
    return row


@transaction.atomic
def _counted(actor: User, export: PageExport, now: datetime) -> PageExport:
    row = locked(export.pk)
    if row.asked_by_id != actor.pk:
        raise refused("not_allowed")
    if row.state != State.READY:
        raise refused("export_not_ready")
    if _expired(row, now=now) or withdrawn_if_lost(row, now=now):
        return row
    row.downloads += 1
    row.save(update_fields=["downloads"])
    for dossier in Dossier.objects.filter(pages__in=row.page_ids).distinct().order_by("pk"):
        audit.record("dossier.exported", actor=actor, row=dossier, reason=row.number)
    return row


def sweep_exports(*, now: datetime) -> dict[str, int]:
    """Every minute, for the installation: what time or a lost access has ended, what a dead worker
    left, and the bytes of all that is over. Returns how many of each."""
    done = {"requeued": export_queue.requeue_expired(), "expired": 0, "withdrawn": 0}
    living = PageExport.objects.filter(state__in=rules.LIVING).order_by("asked_at")
    for pk in list(living.values_list("pk", flat=True)[:AT_ONCE]):
        ended = _swept(pk, now=now)
        if ended:
            done[ended] += 1
    done["removed"] = _remove_bytes()
    export_queue.wake_if_waiting()
    return done


@transaction.atomic
def _swept(pk: int, *, now: datetime) -> str:
    row = locked(pk)
    if row.state not in rules.LIVING:
        return ""
    if _expired(row, now=now):
        return "expired"
    return "withdrawn" if withdrawn_if_lost(row, now=now) else ""


def _expired(row: PageExport, *, now: datetime) -> bool:
    if not rules.is_over(row.state, now=now, asked_at=row.asked_at, expires_at=row.expires_at):
        return False
    end(row, State.EXPIRED, now=now)
    tell("export.expired", row, actor=None)
    return True


def _remove_bytes() -> int:
    """The file first, then its name in the row: interrupted between the two it is done again."""
    over = PageExport.objects.exclude(state=State.READY).exclude(blob="")
    rows = list(over.values_list("pk", "blob")[:AT_ONCE])
    for pk, blob in rows:
        remove_blob(blob)
        PageExport.objects.filter(pk=pk).exclude(state=State.READY).update(blob="")
    return len(rows)


def remove_blob(blob: str) -> None:
    """An export's bytes belong to it alone: its number stands on each page. Two workers of one
    export could write the same bytes; those that a ready one names stay."""
    if PageExport.objects.filter(blob=blob, state=State.READY).exists():
        return
    path = blobs.blob_path(blob)
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        blobs.sync_directory(path.parent)
