"""What people do with single pages: retry, excuse, correct."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from digitization import queue
from digitization.models import Dossier, Lot, OcrJob, Page
from digitization.problems import refused
from digitization.rules import ATTEMPTS
from digitization.services.lots import locked
from records.folding import fold
from security import audit
from security.history import sign
from security.models import User
from security.services import check_action

CORRECT, UPLOAD = "digitization.correct", "digitization.upload"


@transaction.atomic
def retry_failed(*, actor: User, on: Page | Dossier | Lot, now: datetime) -> int:
    """Put the failed pages of a lot, a dossier or one page back into the queue; returns how many."""
    check_action(actor, CORRECT, on)
    jobs = _jobs(on).filter(state=OcrJob.State.FAILED)
    count = jobs.update(
        state=OcrJob.State.QUEUED,
        attempts_left=ATTEMPTS,
        not_before=now,
        error_code="",
        finished_at=None,
    )
    if count:
        audit.record("page.retried", actor=actor, row=on, reason=f"{count} pages")
        transaction.on_commit(partial(queue.wake, count), robust=True)
    return count


@transaction.atomic
def excuse_page(*, actor: User, page: Page, reason: str, now: datetime) -> None:
    """Put a page that cannot be read into the register of unreadable pages, with the reason."""
    check_action(actor, CORRECT, page)
    if not reason.strip():
        raise refused("reason_missing")
    changed = OcrJob.objects.filter(page=page, state=OcrJob.State.FAILED).update(
        state=OcrJob.State.EXCUSED, reason=reason.strip()[:300], excused_by=actor, finished_at=now
    )
    if not changed:
        raise refused("page_not_failed")
    audit.record("page.excused", actor=actor, row=page, reason=reason)


@transaction.atomic
def correct_text(*, actor: User, page: Page, text: str, version: int, now: datetime) -> Page:
    """Set what the page really says; ``version`` is that of the text the person was looking at.

    What was recognised stays beside it. Raises RefusedError (page_changed, lot_not_open).
    """
    check_action(actor, CORRECT, page)
    if locked(page.dossier.lot).state == Lot.State.ACCEPTED:
        raise refused("lot_not_open")
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\x00", ""))
    # The lock of the lot keeps other people out, that of the page the machine that reads it again.
    row: Page = Page.objects.select_for_update(of=("self",)).get(pk=page.pk)
    if row.version != version:
        raise refused("page_changed")
    row.corrected, row.text_folded, row.version = clean, fold(clean), version + 1
    row.corrected_by, row.corrected_at = actor, now
    sign(row, actor=actor, now=now).save(
        update_fields=["corrected", "corrected_by", "corrected_at", "text_folded", "version"]
    )
    audit.record("page.corrected", actor=actor, row=page, fields=["corrected"])
    page.refresh_from_db()
    return page


def _jobs(on: Page | Dossier | Lot) -> QuerySet[OcrJob]:
    jobs: QuerySet[OcrJob] = OcrJob.objects.all()
    if isinstance(on, Page):
        return jobs.filter(page=on)
    if isinstance(on, Dossier):
        return jobs.filter(page__dossier=on)
    return jobs.filter(lot=on)
