"""What several views of this floor share: refusals, uploads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from digitization.models import Dossier
from digitization.services import FileReceipt, receive_file
from security.http import record_refusal, signed_in
from security.models import User
from security.services import RefusedError

log = logging.getLogger(__name__)
LONGEST_NUMBER = 19  # Python refuses to read numbers of thousands of digits


def attempt(request: HttpRequest, action: Callable[[], object], done: str) -> bool:
    """Call a service; success and refusal become messages of the next page."""
    try:
        action()
    except RefusedError as error:
        record_refusal(request, error)
        for problem in error.problems:
            messages.error(request, problem.message)
        return False
    messages.success(request, done)
    return True


def number_of(text: str) -> int | None:
    """A number that a form or an address says; None for anything that no page sends."""
    return int(text) if text.isdecimal() and len(text) < LONGEST_NUMBER else None


def refresh(request: HttpRequest, url: str) -> HttpResponse:
    """Back to a page after a POST: a redirect, or for htmx the same as a whole page load."""
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=200)
        answer["HX-Redirect"] = url
        return answer
    return redirect(url)


def take_files(
    request: HttpRequest, dossier: Dossier, uploads: Iterable[UploadedFile[Any]]
) -> list[dict[str, str]]:
    """Receive every file; a refused one becomes its sentence and the others go on."""
    user, rows = signed_in(request), []
    for upload in uploads:
        name = upload.name or ""
        try:
            receipt = _taken(user, dossier, upload)
        except (RefusedError, OSError) as error:
            sentence = _refusal(request, error)
            rows.append(
                {"name": name, "state": "refused", "text": "", "url": "", "error": sentence}
            )
            continue
        rows.append(
            {
                "name": name,
                "state": "received",
                "text": _receipt_words(receipt),
                "url": reverse("digitization:dossier", args=[dossier.pk]),
                "error": "",
            }
        )
    return rows


def answer_upload(request: HttpRequest, rows: list[dict[str, str]], back_to: str) -> HttpResponse:
    """JSON for the script that sends file by file, messages and a page for a plain form."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"files": rows})
    if not rows:
        messages.warning(request, _("Please choose at least one file."))
    for row in rows:
        if row["error"]:
            messages.error(request, f"{row['name']}: {row['error']}")
        else:
            messages.success(request, f"{row['name']}: {row['text']}")
    return redirect(back_to)


def _taken(user: User, dossier: Dossier, upload: UploadedFile[Any]) -> FileReceipt:
    return receive_file(
        actor=user,
        dossier=dossier,
        name=upload.name or "",
        chunks=upload.chunks(),
        now=timezone.now(),
    )


def _refusal(request: HttpRequest, error: RefusedError | OSError) -> str:
    """The sentence for a file that did not arrive. A full disk stops one file, not the rest."""
    if isinstance(error, RefusedError):
        record_refusal(request, error)
        return " ".join(problem.message for problem in error.problems)
    log.error("a file could not be stored: %s", type(error).__name__)
    return _("The file could not be stored here now. Nothing of it was kept; please send it again.")


def _receipt_words(receipt: FileReceipt) -> str:
    pages = ngettext("%(count)d page", "%(count)d pages", receipt.pages) % {"count": receipt.pages}
    if receipt.again:
        return _("%(pages)s, was received before") % {"pages": pages}
    return _("%(pages)s received, being read") % {"pages": pages}
