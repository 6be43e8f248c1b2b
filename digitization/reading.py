"""What a worker does with one page: claim, read, write the result once."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from django.db import transaction
from django.db.models import F

from digitization import queue
from digitization.models import OcrJob, Page
from digitization.ocr import (
    EngineError,
    ExhaustedError,
    PageReading,
    UnreadableImage,
    children,
    sources,
)
from digitization.proposals import proposed
from records.folding import fold
from security import audit, files

log = logging.getLogger(__name__)

# What another attempt may overcome.
TROUBLE: dict[type[Exception], str] = {
    EngineError: "engine",
    ExhaustedError: "exhausted",
    children.NoChildError: "engine",
    FileNotFoundError: "file_missing",
    files.DamagedError: "file_damaged",
    files.KeyMissingError: "key_missing",
}


def worker_name() -> str:
    """Host and process: what the trail of an attempt says about who made it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def recognise_one(*, worker: str) -> bool:
    """Read the next waiting page. False: there is none now.

    Nothing that goes wrong with a page escapes: it becomes the page's error, and the worker goes on.
    """
    taken = queue.claim(worker=worker)
    if taken is None:
        return False
    try:
        with queue.kept_alive(taken):
            page = Page.objects.select_related("source__stored", "dossier__unit").get(
                pk=taken.page_id
            )
            reading = _read(page)
        write_result(taken, page, reading)
    except sources.RefusedFile as error:
        queue.fail(taken, error=error.code, final=True)
    except UnreadableImage:
        queue.fail(taken, error="page_unreadable", final=True)
    except tuple(TROUBLE) as error:
        log.error("page %s: %s", taken.page_id, type(error).__name__)
        queue.fail(taken, error=TROUBLE[type(error)])
    except Exception as error:  # noqa: BLE001 - one page must never stop the queue
        log.error("page %s: %s", taken.page_id, type(error).__name__)
        queue.fail(taken, error="unexpected")
    return True


def _read(page: Page) -> PageReading:
    """The page, read by a child process with limits: this one never parses a file."""
    with files.plain_copy(page.source.stored.blob) as path:
        return children.read(path, page.number)


def write_result(taken: queue.Claim, page: Page, reading: PageReading) -> bool:
    """Write what was read, once: only while the attempt is still ours. Pictures come first,
    because a row must never name a blob that is not there."""
    dossier = page.dossier
    pictures = {
        name: files.receive(
            [content], unit=dossier.unit, level=dossier.level, max_bytes=len(content)
        ).blob
        for name, content in (("derivative", reading.derivative), ("thumbnail", reading.thumbnail))
    }
    with transaction.atomic():
        if not queue.close(taken, state=OcrJob.State.DONE):
            return False
        OcrJob.objects.filter(pk=taken.job_id).update(
            engine=reading.engine, engine_version=reading.engine_version, seconds=reading.seconds
        )
        Page.objects.filter(pk=page.pk).update(
            **_columns(reading), **pictures, version=F("version") + 1
        )
        # A correction made before a second reading stays what people and the search see.
        Page.objects.filter(pk=page.pk, corrected=None).update(text_folded=fold(reading.text))
        # The unit's work goes on although whoever sent the file may have left: he sees nothing of
        # it, and the trail says for whom the machine read.
        sender = page.source.received_by_id
        audit.record("page.recognised", actor=None, row=page, reason=f"on behalf of user {sender}")
    return True


def _columns(reading: PageReading) -> dict[str, Any]:
    return {
        "text": reading.text,
        "words": [[w.text, w.x, w.y, w.w, w.h, round(w.confidence), w.line] for w in reading.words],
        "proposals": proposed(reading.words),
        "width": reading.width,
        "height": reading.height,
        "rotation": reading.rotation,
        "skew": reading.skew,
        "blank": reading.blank,
        "mean_confidence": reading.mean_confidence,
    }
