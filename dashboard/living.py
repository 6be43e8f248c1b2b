"""Pages that ask again every minute: the whole page, its living part, or "nothing new"."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format


class LivingPage(Protocol):
    @property
    def as_of(self) -> datetime: ...

    @property
    def fingerprint(self) -> str: ...


def answer(request: HttpRequest, template: str, page: LivingPage) -> HttpResponse:
    """The page, its partial "live" for htmx, or 304/204 if the reader has this very state.

    htmx would put an empty 304 into the page, so it is told 204, with the event ``boardCurrent``
    that brings the "as of" time forward.
    """
    etag = page.fingerprint
    asked_by_script = bool(request.htmx)  # type: ignore[attr-defined]
    if f'"{etag}"' in request.headers.get("If-None-Match", ""):
        response: HttpResponse = (
            _nothing_new(page.as_of) if asked_by_script else HttpResponseNotModified()
        )
    else:
        part = f"{template}#live" if asked_by_script else template
        response = render(request, part, {"page": page, "etag": etag})
    response.headers["ETag"] = f'"{etag}"'
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    return response


def _nothing_new(as_of: datetime) -> HttpResponse:
    local = timezone.localtime(as_of)
    said = {"at": local.isoformat(), "words": date_format(local, "H:i, d/m/Y")}
    response = HttpResponse(status=204)
    response.headers["HX-Trigger"] = json.dumps({"boardCurrent": said})
    return response
