"""Keeping what checks of stored files find, until each file is whole again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from security import audit
from security.models.findings import FileFinding


@transaction.atomic
def note_finding(*, kind: str, number: int, state: str, now: datetime) -> FileFinding:
    """A file was found damaged, missing or without its key; once more, if it was so before."""
    open_ones = FileFinding.objects.open().select_for_update()
    finding = open_ones.filter(kind=kind, number=number).first()
    if finding is None:
        finding = FileFinding(kind=kind, number=number, found_at=now)
    if finding.state != state:
        _told("file.found_bad", kind, number, state)
    finding.state, finding.seen_at = FileFinding.State(state), now
    finding.save()
    return finding


@transaction.atomic
def close_finding(*, kind: str, number: int, why: str, now: datetime) -> bool:
    """A file is whole again (``whole``), or its row is gone (``row_gone``). False: none was open."""
    open_ones = FileFinding.objects.open().select_for_update()
    finding = open_ones.filter(kind=kind, number=number).first()
    if finding is None:
        return False
    finding.mended_at = now
    finding.save(update_fields=["mended_at"])
    _told("file.mended", kind, number, why)
    return True


def _told(event: str, kind: str, number: int, state: str) -> None:
    audit.record(
        event, actor=None, object_type=f"stored.{kind}", object_id=number, reason=f"{state} {kind}"
    )
