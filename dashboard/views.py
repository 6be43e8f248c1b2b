from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    raise Http404


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    raise Http404
