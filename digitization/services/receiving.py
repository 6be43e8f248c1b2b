"""Receiving a file without loss: whole on disk and verified, then rows, then "received"."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F, Max

from digitization import queue
from digitization.models import Dossier, Lot, LotCounter, OcrJob, Page, SourceFile
from digitization.ocr import children, sources
from digitization.problems import problem, refused
from digitization.rules import ATTEMPTS, MAX_FILE_BYTES, clean_name, free_stem
from digitization.services.lots import UPLOAD, locked
from security import audit, files
from security.models import StoredFile, User
from security.services import RefusedError, check_action
from security.services.secrecy import follow_level

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "tiff": "image/tiff",
    "jpeg": "image/jpeg",
    "png": "image/png",
}


@dataclass(frozen=True)
class FileReceipt:
    """What the sender is told: these bytes are kept. ``again``: they were kept before."""

    source_id: int
    name: str
    sha256: str
    size: int
    pages: int
    received_at: datetime
    again: bool


def receive_file(
    *, actor: User, dossier: Dossier, name: str, chunks: Iterable[bytes], now: datetime
) -> FileReceipt:
    """Receive one scan into a dossier; browser, command line and every other route come here.

    The same bytes again in the same dossier get the same receipt; a unique constraint decides.
    Raises RefusedError (code and one sentence per reason); then nothing but the count of refused
    files and a row of the trail has changed.
    """
    check_action(actor, UPLOAD, dossier)
    if dossier.lot.state != Lot.State.OPEN:
        raise refused("lot_not_open")
    _count(dossier, sent=1)
    seen: list[sources.SourceInfo] = []
    try:
        with files.holding(
            chunks,
            unit=dossier.unit,
            level=dossier.level,
            max_bytes=MAX_FILE_BYTES,
            check=lambda path: seen.append(_inspected(path, name)),
        ) as held:
            return _kept(actor, dossier, clean_name(name), held, seen[0], now)
    except RefusedError as error:
        _tell_refusal(actor, dossier, error)
        raise
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        full = refused("disk_full")
        _tell_refusal(actor, dossier, full)
        raise full from error


def _tell_refusal(actor: User, dossier: Dossier, error: RefusedError) -> None:
    _count(dossier, refused=1)
    reason = ",".join(found.code for found in error.problems)
    audit.record("file.refused", actor=actor, row=dossier, decision="denied", reason=reason)


def _inspected(path: Path, name: str) -> sources.SourceInfo:
    """Look into the whole file before it is kept, in a child process with limits."""
    try:
        info = children.inspect(path)
        sources.check_ending(name, info.kind)
        return info
    except sources.RefusedFile as error:
        raise RefusedError(problem(error.code, **error.params)) from error


def _kept(
    actor: User,
    dossier: Dossier,
    name: str,
    held: files.Held,
    info: sources.SourceInfo,
    now: datetime,
) -> FileReceipt:
    """Rows, trail, then the name on disk, then the commit: what fails before leaves nothing."""
    receipt = held.receipt
    with transaction.atomic():
        if locked(dossier.lot).state != Lot.State.OPEN:
            raise refused("lot_not_open")
        source = _insert(actor, dossier, name, receipt, info, now)
        if source is not None:
            _add_pages(source, now)
            _count(dossier, received=1)
            # The keyed name: a plain hash would tell whoever reads the trail which known paper it is.
            audit.record("file.received", actor=actor, row=dossier, reason=receipt.blob)
            transaction.on_commit(partial(queue.wake, info.pages), robust=True)
            held.keep()
            return _receipt(source, receipt.size, again=False)
        _count(dossier, sent=-1)
        there = SourceFile.objects.select_related("stored")
        source = there.get(dossier=dossier, sha256=receipt.sha256)
        if source.stored.blob == receipt.blob:
            held.keep()  # equal bytes heal a blob that has rotted meanwhile
        return _receipt(source, receipt.size, again=True)


def _insert(
    actor: User,
    dossier: Dossier,
    name: str,
    receipt: files.Receipt,
    info: sources.SourceInfo,
    now: datetime,
) -> SourceFile | None:
    """The row of the file, or None where the dossier has these bytes already."""
    there = dossier.files.aggregate(last=Max("position"))["last"] or 0
    stems = set(dossier.files.values_list("stem", flat=True))
    try:
        with transaction.atomic():
            stored = StoredFile.objects.create(
                **dossier.placement,
                created_at=now,
                sha256=receipt.sha256,
                blob=receipt.blob,
                size=receipt.size,
                media_type=MEDIA_TYPES[info.kind],
            )
            follow_level([stored], holder=dossier)
            return SourceFile.objects.create(
                dossier=dossier,
                stored=stored,
                sha256=receipt.sha256,
                name=name,
                stem=free_stem(name, stems),
                kind=info.kind,
                page_count=info.pages,
                position=there + 1,
                received_by=actor,
                received_at=now,
            )
    except IntegrityError as error:
        if "sourcefile_once" in str(error):
            return None
        raise


def _add_pages(source: SourceFile, now: datetime) -> None:
    dossier = source.dossier
    pages = Page.objects.bulk_create(
        Page(**dossier.placement, created_at=now, dossier=dossier, source=source, number=number)
        for number in range(1, source.page_count + 1)
    )
    follow_level(pages, holder=dossier)
    OcrJob.objects.bulk_create(
        OcrJob(page=page, lot_id=dossier.lot_id, not_before=now, attempts_left=ATTEMPTS)
        for page in pages
    )


def _receipt(source: SourceFile, size: int, *, again: bool) -> FileReceipt:
    return FileReceipt(
        source_id=source.pk,
        name=source.name,
        sha256=source.sha256,
        size=size,
        pages=source.page_count,
        received_at=source.received_at,
        again=again,
    )


def _count(dossier: Dossier, **deltas: int) -> None:
    LotCounter.objects.filter(lot_id=dossier.lot_id).update(
        **{column: F(column) + delta for column, delta in deltas.items()}
    )
