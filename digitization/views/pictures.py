"""Pictures of a page: for the screen by a short-lived link, and to take away with a mark burned in."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from digitization.models import Page
from security.http import linked_or_404, record_read, require_action
from security.serving import blob_answer
from security.trail_first import FIRST

VIEW = "digitization.view"


@require_GET
@require_action(VIEW)
def image(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The upright page as the screen shows it; each look is a row of the trail."""
    row = linked_or_404(request, _pictures(), pk=pk)
    record_read(request, row)
    return blob_answer(request, row.derivative, content_type="image/jpeg")


@require_GET
@require_action(VIEW)
def thumbnail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A page too small to read: up to level 1 the list it stands in is in the trail."""
    row = linked_or_404(request, _pictures(), pk=pk)
    if row.level >= FIRST:
        record_read(request, row)
    return blob_answer(request, row.thumbnail, content_type="image/jpeg")


def _pictures() -> QuerySet[Page]:
    rows: QuerySet[Page] = Page.objects.defer("words", "text", "text_folded", "corrected", "search")
    return rows
