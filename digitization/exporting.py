"""What a worker does with one export: claim, write it page by page, hand it over.

Nothing is kept but the page in hand: pictures are decrypted one by one, marked, and go encrypted to
the disk. Before each page the asker's access is looked up anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from digitization import export_queue, jpeg_pdf
from digitization import export_rules as rules
from digitization.models import Page, PageExport
from digitization.selectors.exports import EXPORT, still_his
from digitization.services.export_ends import remove_blob
from digitization.services.exports import locked, tell, withdrawn_if_lost
from security import files, watermark
from security.context import Origin, origin
from security.levels import Secrecy
from security.models import Installation, User
from security.scope import may
from security.services import RefusedError

log = logging.getLogger(__name__)
LARGEST = 4 * 2**30  # bytes of one result
TROUBLE: dict[type[Exception], str] = {
    FileNotFoundError: "file_missing",
    files.DamagedError: "file_damaged",
    files.KeyMissingError: "key_missing",
    jpeg_pdf.NotAPictureError: "page_unreadable",
    watermark.UnreadableImageError: "page_unreadable",
    RefusedError: "export_refused_by_store",
    OSError: "disk",
}


class AccessEndedError(Exception):
    """The asker may not have a page that he asked for."""


class NoLongerOursError(Exception):
    """Cancelled, withdrawn, or another worker's by now."""


def make_one(*, worker: str, job: str) -> bool:
    """Make the next waiting export. False: there is none now. Nothing that goes wrong escapes."""
    taken = export_queue.claim(worker=worker)
    if taken is None:
        return False
    with origin(Origin(request=job)), translation.override(settings.LANGUAGE_CODE):
        try:
            _make(taken)
        except AccessEndedError:
            _withdraw(taken)
        except NoLongerOursError:
            log.info("export %s: given up, it is over or another worker's", taken.export_id)
        except tuple(TROUBLE) as error:
            _fail(taken, _code_of(error), error)
        except Exception as error:  # noqa: BLE001 - one export must never stop the queue
            _fail(taken, "unexpected", error)
    return True


def _make(taken: export_queue.Claim) -> None:
    export = PageExport.objects.select_related("asked_by").get(pk=taken.export_id)
    if not still_his(export, User.objects.get(pk=export.asked_by_id)):
        raise AccessEndedError
    first = Page.objects.select_related("unit").only("unit").get(pk=export.page_ids[0])
    pictures = _pictures(taken, export)
    receipt = files.receive(
        jpeg_pdf.pdf_of(pictures, title=export.number),
        unit=first.unit,
        level=export.level,
        max_bytes=LARGEST,
    )
    handed_over = False
    try:
        handed_over = _handed_over(taken, receipt)
    finally:
        if not handed_over:
            remove_blob(receipt.blob)


@transaction.atomic
def _handed_over(taken: export_queue.Claim, receipt: files.Receipt) -> bool:
    """The row after the bytes; the access is asked for a last time, under the row's lock."""
    now = timezone.now()
    export = locked(taken.export_id)
    if export.state == PageExport.State.RUNNING and withdrawn_if_lost(export, now=now):
        return False
    ready = export_queue.close(
        taken,
        state=PageExport.State.READY,
        done=export.page_count,
        blob=receipt.blob,
        sha256=receipt.sha256,
        size=receipt.size,
        ready_at=now,
        expires_at=now + timedelta(hours=settings.EXPORT_KEPT_HOURS),
    )
    if ready:
        asker = User.objects.get(pk=export.asked_by_id)
        tell("export.made", export, actor=asker, ids=export.page_ids, reason=receipt.sha256)
    return ready


def _pictures(taken: export_queue.Claim, export: PageExport) -> Iterator[bytes]:
    """Every page marked, in order; each is asked for when the one before is on the disk."""
    when = timezone.localtime().strftime("%H:%M %d/%m/%Y")
    who = f"{export.asked_by.full_name} ({export.asked_by.username})"
    marks = _marks(export)
    for place, pk in enumerate(export.page_ids, start=1):
        picture = _picture(export, pk)
        lines = rules.lines_of_page(
            who=who, when=when, number=export.number, place=(place, export.page_count), marks=marks
        )
        yield watermark.burn(picture, lines)
        if not export_queue.progress(taken, place):
            raise NoLongerOursError


def _picture(export: PageExport, pk: int) -> bytes:
    """The picture of one page, if the asker may have it at this moment."""
    asker = User.objects.get(pk=export.asked_by_id)  # a fresh one: his roles are read anew
    page = (
        Page.objects.visible_to(asker)
        .only("id", "derivative", "unit_path", "level", "sensitivity")
        .filter(pk=pk, level__lte=export.level, sensitivity__lte=export.sensitivity)
        .first()
    )
    if page is None or not may(asker, EXPORT, page):
        raise AccessEndedError
    with files.open_whole(page.derivative) as opened:
        return opened.read()


def _marks(export: PageExport) -> tuple[str, ...]:
    """Level above 0, and whether all this is invented."""
    level = str(Secrecy(export.level).label).upper() if export.level else ""
    demo = Installation.objects.filter(is_demo=True).exists()
    return level, "DỮ LIỆU GIẢ ĐỊNH" if demo else ""


@transaction.atomic
def _withdraw(taken: export_queue.Claim) -> None:
    """As "access ended". A page that vanished for a moment and is back again fails instead."""
    export = locked(taken.export_id)
    ours = export.state == PageExport.State.RUNNING and export.attempts == taken.attempt
    if ours and not withdrawn_if_lost(export, now=timezone.now()):
        export_queue.fail(taken, error="access_wavered")


def _fail(taken: export_queue.Claim, code: str, error: Exception) -> None:
    log.error("export %s: %s", taken.export_id, type(error).__name__)
    with transaction.atomic():
        if export_queue.fail(taken, error=code):
            export = PageExport.objects.get(pk=taken.export_id)
            tell("export.failed", export, actor=None, reason=code)


def _code_of(error: Exception) -> str:
    return next(code for kind, code in TROUBLE.items() if isinstance(error, kind))
