"""The reading room: image and text of a page side by side, doubtful words, correction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from digitization import services
from digitization.models import Page
from digitization.problems import problem
from digitization.rules import with_line
from digitization.selectors.changes import page_changes
from digitization.selectors.counts import fit_counters
from digitization.selectors.pages import (
    ReadLine,
    index_rows,
    next_doubtful,
    read_lines,
    surroundings,
)
from digitization.views.shared import attempt, number_of
from security.http import (
    mark_over,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
    visible_or_404,
)
from security.scope import may
from security.services import RefusedError

VIEW, CORRECT = "digitization.view", "digitization.correct"


@dataclass(frozen=True)
class Place:
    """Where in the page the reader is: the line in hand and the words looked for."""

    line: int | None
    query: str


@require_GET
@require_action(VIEW)
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; ``?line=`` takes a line in hand, ``?q=`` boxes the words of a search."""
    place = _place(request)
    row = visible_or_404(request, _pages(), pk=pk)
    context = _context(request, row, place)
    if request.htmx:  # type: ignore[attr-defined]
        # Another line of the same page: its neighbours are on the screen already.
        return render(request, "digitization/page.html#room", context)
    record_shown(request, [near for _place, near in context["around"].pages])
    return render(request, "digitization/page.html", context)


@require_POST
@require_action(CORRECT)
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Save one line or the whole text; then on to the next doubtful place.

    When somebody else was quicker, what was typed stays in its field and nothing is overwritten.
    """
    row = visible_or_404(request, _pages(), pk=pk)
    line = number_of(request.POST.get("line", ""))
    value, version = request.POST.get("value", ""), number_of(request.POST.get("version", ""))
    new = value if line is None else with_line(row.current_text, line, value)
    try:
        if new != row.current_text:
            row = services.correct_text(
                actor=signed_in(request), page=row, text=new, now=timezone.now(),
                version=version or 0,
            )  # fmt: skip
            row = _pages().get(pk=pk)
    except RefusedError as error:
        record_refusal(request, error)
        row = _pages().get(pk=pk)
        context = _context(request, row, Place(line, ""))
        context |= {"typed": value, "refusal": error.problems[0].message}
        name = "#room" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, f"digitization/page.html{name}", context, status=422)
    after = next_doubtful(read_lines(row), -1 if line is None else line)
    if request.htmx:  # type: ignore[attr-defined]
        place = Place(line if after is None else after, "")
        context = _context(request, row, place) | {"saved": True}
        return render(request, "digitization/page.html#room", context)
    messages.success(request, _("Saved."))
    query = f"?line={after}" if after is not None else ""
    return redirect(reverse("digitization:page", args=[pk]) + query)


@require_POST
@require_action(CORRECT)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _pages(), pk=pk)
    attempt(
        request,
        lambda: services.retry_failed(actor=signed_in(request), on=row, now=timezone.now()),
        _("The page waits to be read again."),
    )
    return redirect(_back(request, row))


@require_POST
@require_action(CORRECT)
def excuse(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, _pages(), pk=pk)
    attempt(
        request,
        lambda: services.excuse_page(
            actor=signed_in(request),
            page=row,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        ),
        _("The page stands in the register of unreadable pages."),
    )
    return redirect(_back(request, row))


def _pages() -> QuerySet[Page]:
    rows: QuerySet[Page] = Page.objects.select_related(
        "source", "job", "dossier__lot__programme", "dossier__lot__counter", "corrected_by"
    )
    return rows


def _place(request: HttpRequest) -> Place:
    return Place(number_of(request.GET.get("line", "")), request.GET.get("q", "").strip())


def _context(request: HttpRequest, row: Page, place: Place) -> dict[str, Any]:
    user = signed_in(request)
    lines = read_lines(row, place.query)
    here = next((line for line in lines if line.number == place.line), None)
    following = next_doubtful(lines, -1 if here is None else here.number)
    lot = fit_counters([row.dossier.lot], user)[0]
    return {
        "page": row,
        "lot": lot,
        "dossier": row.dossier,
        "counter": lot.counter,
        "around": surroundings(row, user),
        "lines": lines,
        "here": here,
        "following": following,
        "doubtful": sum(len(line.doubtful) for line in lines),
        "hits": _hits(lines),
        "query": place.query,
        "carry": f"&{urlencode({'q': place.query})}" if place.query else "",
        "problem": problem(row.job.error_code).message if row.job.error_code else "",
        "can_correct": may(user, CORRECT, row) and lot.state != "accepted",
        "index_rows": index_rows(row.dossier, user),
        "changes": page_changes(user, row),
        "url": reverse("digitization:page", args=[row.pk]),
        "mark": mark_over(request, row),
        "can_export": may(user, "digitization.export", row),
    }


def _hits(lines: list[ReadLine]) -> list[object]:
    return [word.box.aired for line in lines for word in line.words if word.hit]


def _back(request: HttpRequest, row: Page) -> str:
    """The lot, if the button stood there."""
    if request.POST.get("to") == "lot":
        return reverse("digitization:lot", args=[row.dossier.lot_id])
    return reverse("digitization:page", args=[row.pk])
