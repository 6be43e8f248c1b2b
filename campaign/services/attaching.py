"""Files of a task: received whole, encrypted, in the task's unit and level."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath

from django.utils.translation import gettext as _

from campaign.models import Attachment, ProgressReport, Submission, Task
from campaign.services.access import check_open, locked, may_work, not_allowed, refuse
from campaign.services.agreeing import MANAGE
from security import audit, files
from security.models import StoredFile, User
from security.scope import may
from security.services.secrecy import follow_level

MAX_BYTES = 40 * 2**20
NAME_AT_MOST = 160
AT_MOST = 50  # per task
# Kept as they are and handed out as a download; none of them is opened here.
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".zip": "application/zip",
}
# How such files begin; what is not here is text, which may begin with anything.
OFFICE = (b"PK\x03\x04", b"PK\x05\x06")
BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    **dict.fromkeys((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".zip"), OFFICE),
    **dict.fromkeys((".jpg", ".jpeg"), (b"\xff\xd8\xff",)),
    ".png": (b"\x89PNG",),
}


def attach_file(
    *,
    actor: User,
    task: Task,
    name: str,
    chunks: Iterable[bytes],
    now: datetime,
    report: ProgressReport | None = None,
    submission: Submission | None = None,
) -> Attachment:
    """Keep a file with a task, as evidence of a report or a hand-in where one is named.

    Raises RefusedError: not_allowed, closed, kind, empty, too_large, too_many, not_active.
    """
    if not (may_work(actor, "campaign.report", task) or may(actor, MANAGE, task)):
        raise not_allowed()
    check_open(task.campaign)
    clean = PurePath(name.replace("\\", "/")).name.replace("\x00", "").strip()[-NAME_AT_MOST:]
    kind = PurePath(clean).suffix.lower()
    media_type = MEDIA_TYPES.get(kind)
    if media_type is None:
        raise refuse(
            "kind",
            _("Files of this kind are not taken: %(kinds)s.")
            % {"kinds": ", ".join(sorted(MEDIA_TYPES))},
        )
    receipt = files.receive(
        chunks,
        unit=task.unit,
        level=task.level,
        max_bytes=MAX_BYTES,
        check=partial(_check_beginning, kind),
    )
    with locked(task, actor=actor, now=now) as row:
        if row.state not in {Task.State.DRAFT, Task.State.ACTIVE}:
            raise refuse("not_active", _("A task that is done or cancelled stays as it is."))
        if row.attachments.kept().count() >= AT_MOST:
            raise refuse("too_many", _("A task keeps 50 files at most."))
        stored = StoredFile.objects.create(
            **row.placement,
            created_at=now,
            sha256=receipt.sha256,
            blob=receipt.blob,
            size=receipt.size,
            media_type=media_type,
        )
        follow_level([stored], holder=row)
        attachment = Attachment.objects.create(
            task=row,
            report=report,
            submission=submission,
            stored=stored,
            name=clean,
            by=actor,
            at=now,
        )
        audit.record("task.file_attached", actor=actor, row=row, reason=f"file {attachment.pk}")
    return attachment


def _check_beginning(kind: str, path: Path) -> None:
    """Refuse a file that was merely renamed; nothing else of it is looked at here."""
    with path.open("rb") as stored:
        begins = stored.read(1024)
    # Some programs write a line of their own before a PDF's; readers look for it this far in.
    fits = b"%PDF-" in begins if kind == ".pdf" else begins.startswith(BEGINNINGS.get(kind, (b"",)))
    if not fits:
        said = _("This is no %(kind)s file, whatever its name says: choose the file itself.")
        raise refuse("kind", said % {"kind": kind.removeprefix(".").upper()})


def remove_attachment(*, actor: User, attachment: Attachment, now: datetime) -> Attachment:
    """Take a file out of sight; evidence of a hand-in stays, and so do the bytes of all."""
    with locked(attachment.task, actor=actor, now=now) as row:
        if attachment.by_id != actor.pk and not may(actor, MANAGE, row):
            raise not_allowed()
        if attachment.submission_id is not None:
            raise refuse("evidence", _("Evidence of a hand-in stays."))
        kept = Attachment.objects.select_for_update(of=("self",)).get(pk=attachment.pk)
        if kept.removed_at is None:
            kept.removed_at, kept.removed_by = now, actor
            kept.save(update_fields=["removed_at", "removed_by"])
            audit.record("task.file_removed", actor=actor, row=row, reason=f"file {kept.pk}")
    return kept
