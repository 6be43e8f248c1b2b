"""Pictures of a page, by short-lived links. On the screen the reader's mark lies over them; opened by
themselves, where no page lays it over them, they bear it in their pixels.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from digitization.models import Page
from security.http import linked_or_404, mark_over, record_read, require_action
from security.serving import blob_answer, marked_answer
from security.trail_first import FIRST

VIEW = "digitization.view"


@require_GET
@require_action(VIEW)
def image(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The upright page as the screen shows it; each look is a row of the trail."""
    row = linked_or_404(request, _pictures(), pk=pk)
    record_read(request, row)
    mark = mark_over(request, row)
    if mark and request.headers.get("Sec-Fetch-Dest", "image") != "image":
        return marked_answer(row.derivative, mark)
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
