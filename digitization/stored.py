"""Every blob that a row names: received files, screen images, thumbnails, exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from digitization.models import Page, PageExport
from security.models import StoredFile

PIECE = 2000


@dataclass(frozen=True)
class Named:
    """A blob as one row names it. ``sha256`` is empty where the row does not know it."""

    kind: str
    pk: int
    blob: str
    level: int
    sha256: str = ""


def named_blobs() -> Iterator[Named]:
    """Row by row, without holding them all; for upkeep on the machine, which reads for nobody."""
    files = StoredFile.objects.order_by("pk").values_list("pk", "blob", "level", "sha256")
    for pk, blob, level, sha256 in files.iterator(PIECE):
        yield Named("file", pk, blob, level, sha256)
    pages = Page.objects.exclude(derivative="", thumbnail="").order_by("pk")
    columns = pages.values_list("pk", "derivative", "thumbnail", "level")
    for pk, derivative, thumbnail, level in columns.iterator(PIECE):
        if derivative:
            yield Named("page_image", pk, derivative, level)
        if thumbnail:
            yield Named("thumbnail", pk, thumbnail, level)
    exports = PageExport.objects.filter(state=PageExport.State.READY).exclude(blob="")
    columns = exports.order_by("pk").values_list("pk", "blob", "level", "sha256")
    for pk, blob, level, sha256 in columns.iterator(PIECE):
        yield Named("page_export", pk, blob, level, sha256)
