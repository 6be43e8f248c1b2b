"""Reads for the exports and for those who wait for a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q

from digitization.models import Dossier, OcrJob, Page, SourceFile
from security.levels import Secrecy
from security.models import User


def visible_dossier(code: str, user: User | None = None) -> Dossier | None:
    """The dossier of this code; for a user only if he may see it."""
    rows = Dossier.objects.all() if user is None else Dossier.objects.visible_to(user)
    dossier: Dossier | None = rows.filter(code=code).select_related("lot", "unit").first()
    return dossier


def page_texts(dossier: Dossier, user: User | None = None) -> Iterator[tuple[str, str]]:
    """(``STEM_pNN``, text) of every page in file order, corrected where a person did."""
    pages = _exported(user).filter(dossier=dossier).select_related("source").in_order()
    for page in pages.iterator(chunk_size=200):
        yield f"{page.source.stem}_p{page.number:02d}", page.current_text


def pages_by_file(
    dossier: Dossier, user: User | None = None
) -> Iterator[tuple[SourceFile, list[Page]]]:
    """Every file of the dossier with its pages in order; a file of hidden pages is not there."""
    for source in dossier.files.order_by("position"):
        if pages := list(_exported(user).filter(source=source).order_by("number")):
            yield source, pages


def exported_ids(dossier: Dossier, user: User | None = None) -> list[int]:
    """The pages that an export holds, for the trail."""
    return list(_exported(user).filter(dossier=dossier).order_by("pk").values_list("pk", flat=True))


def _exported(user: User | None) -> Any:
    """Pages that this user may see; for the machine those that nobody classified higher."""
    if user is None:
        return Page.objects.filter(level__lte=Secrecy.INTERNAL)
    return Page.objects.visible_to(user)


def file_state(source_id: int) -> str:
    """State of a file: queued while any page waits or is read, failed if one failed, else done."""
    counts = OcrJob.objects.filter(page__source=source_id).aggregate(
        open=Count("id", filter=Q(state__in=[OcrJob.State.QUEUED, OcrJob.State.RUNNING])),
        failed=Count("id", filter=Q(state=OcrJob.State.FAILED)),
    )
    if counts["open"]:
        return "queued"
    return "failed" if counts["failed"] else "done"
