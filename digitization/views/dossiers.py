"""A dossier: receive its files, see its pages, fill in its index data."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from digitization import services
from digitization.models import DocumentType, Dossier, Page, SourceFile
from digitization.selectors.changes import changes_of
from digitization.selectors.pages import index_rows
from digitization.views.shared import (
    answer_upload,
    attempt,
    number_of,
    take_files,
)
from security import audit
from security.http import (
    absent_part,
    form_status,
    record_read,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
    unread_or_404,
    visible_or_404,
)
from security.models import StoredFile, User
from security.scope import may, visible_q
from security.services import RefusedError

VIEW, CORRECT = "digitization.view", "digitization.correct"


@require_GET
@require_action(VIEW)
def dossier(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, and for htmx its living part: files, pages, progress."""
    if request.htmx:  # type: ignore[attr-defined]
        row = unread_or_404(request, dossiers(), pk=pk)
        context = _living(request, row)
        if request.GET.get("seen") == context["signature"]:
            return HttpResponse(status=204)
        record_read(request, row)
        record_shown(request, context["pages"])
        return render(request, "digitization/dossier.html#live", context)
    row = visible_or_404(request, dossiers(), pk=pk)
    context = _living(request, row) | _index_context(request, row)
    context["changes"] = changes_of(signed_in(request), row)
    record_shown(request, context["pages"])
    return render(request, "digitization/dossier.html", context)


@require_POST
@require_action("digitization.upload")
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, dossiers(), pk=pk)
    rows = take_files(request, row, request.FILES.getlist("files"))
    return answer_upload(request, rows, reverse("digitization:dossier", args=[pk]))


@require_POST
@require_action(CORRECT)
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the index fields that were filled in; what is wrong comes back with its sentence."""
    row = visible_or_404(request, dossiers(), pk=pk)
    errors: dict[str, str] = {}
    typed = {key[6:]: str(request.POST[key]) for key in request.POST if key.startswith("index-")}
    for key, value in typed.items():
        if not value.strip():
            continue
        try:
            services.set_index_value(
                actor=signed_in(request), dossier=row, key=key, value=value, now=timezone.now()
            )
        except RefusedError as error:
            record_refusal(request, error)
            errors[key] = error.problems[0].message
    saved = _("Index data saved.") if not errors else ""
    context = _index_context(request, row, typed) | {"index_errors": errors, "index_saved": saved}
    context |= {"dossier": row, "can_correct": may(signed_in(request), CORRECT, row)}
    status = form_status(request) if errors else 200
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "digitization/_index.html", context, status=status)
    if not errors:
        messages.success(request, saved)
        return redirect(_back(request, row))
    return render(
        request, "digitization/dossier.html", _living(request, row) | context, status=status
    )


@require_POST
@require_action(CORRECT)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    row = visible_or_404(request, dossiers(), pk=pk)
    attempt(
        request,
        lambda: services.retry_failed(actor=signed_in(request), on=row, now=timezone.now()),
        _("The pages wait to be read again."),
    )
    return redirect("digitization:dossier", pk=pk)


@require_POST
@require_action(CORRECT)
def file_type(request: HttpRequest, pk: int) -> HttpResponse:
    """Which paper of the catalogue a file is."""
    row = visible_or_404(request, dossiers(), files=pk)
    source = files_of(row, signed_in(request)).filter(pk=pk).select_related("document").first()
    if source is None:
        raise absent_part(request, "digitization.sourcefile", pk)
    number = number_of(request.POST.get("type", "")) or 0
    chosen = DocumentType.objects.filter(programme_id=row.lot.programme_id, pk=number).first()
    if chosen is None:
        kind, actor = "digitization.documenttype", signed_in(request)
        audit.record("read", actor=actor, object_type=kind, object_id=number, decision="denied")
        messages.error(request, _("Choose a type of this programme's catalogue."))
        return redirect("digitization:dossier", pk=row.pk)
    attempt(
        request,
        lambda: services.classify_file(
            actor=signed_in(request), source=source, type_=chosen, now=timezone.now()
        ),
        _("%(file)s: %(type)s") % {"file": source.name, "type": chosen.name},
    )
    return redirect("digitization:dossier", pk=row.pk)


def files_of(row: Dossier, user: User) -> QuerySet[SourceFile]:
    """Files of a visible dossier that this user may see; each is as secret as its bytes."""
    return row.files.filter(visible_q(user, StoredFile, "stored__"))


def dossiers() -> QuerySet[Dossier]:
    rows: QuerySet[Dossier] = Dossier.objects.select_related(
        "lot__programme", "lot__counter", "unit"
    )
    return rows


def _living(request: HttpRequest, row: Dossier) -> dict[str, Any]:
    user = signed_in(request)
    files = list(
        files_of(row, user)
        .select_related("document__type")
        .annotate(
            done=Count("pages", filter=Q(pages__job__state__in=["done", "excused"])),
            failed=Count("pages", filter=Q(pages__job__state="failed")),
        )
    )
    pages = list(
        Page.objects.visible_to(user)
        .filter(dossier=row)
        .in_order()
        .select_related("source", "job")
        .defer("words", "text", "text_folded", "corrected", "search")
    )
    left = sum(page.job.state in ("queued", "running") for page in pages)
    state = "-".join(f"{file.pk}.{file.done}.{file.failed}" for file in files)
    return {
        "dossier": row,
        "lot": row.lot,
        "files": files,
        "pages": pages,
        "pages_left": left,
        "signature": f"{state}-{left}",
        "failed_pages": [page for page in pages if page.job.state == "failed"],
        "can_upload": may(user, "digitization.upload", row) and row.lot.state == "open",
        "can_correct": may(user, CORRECT, row) and row.lot.state != "accepted",
        "can_export": may(user, "digitization.export", row),
        "types": list(DocumentType.objects.filter(programme_id=row.lot.programme_id)),
        "url": reverse("digitization:dossier", args=[row.pk]),
    }


def _index_context(
    request: HttpRequest, row: Dossier, typed: dict[str, str] | None = None
) -> dict[str, Any]:
    return {"index_rows": index_rows(row, signed_in(request), typed)}


def _back(request: HttpRequest, row: Dossier) -> str:
    """To the page of this dossier that the form stood on, or to the dossier."""
    number = number_of(request.POST.get("page", ""))
    if number is not None and row.pages.filter(pk=number).exists():
        return reverse("digitization:page", args=[number])
    return reverse("digitization:dossier", args=[row.pk])
