from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from records.models import Cadre
from records.registers import CADRES
from records.views.listing import list_page
from records.views.single import detail_page, edit_page
from security.http import require_action, signed_in


@require_GET
@require_action("records.view")
def cadre_list(request: HttpRequest) -> HttpResponse:
    rows = Cadre.objects.visible_to(signed_in(request))
    central = request.GET.get("central") == "1"
    if central:
        rows = rows.managed_centrally()
    return list_page(
        request,
        CADRES,
        rows,
        extra={"central": central},
        kept={"central": "1" if central else ""},
    )


@require_GET
def cadre_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return detail_page(request, CADRES, pk)


@require_http_methods(["GET", "POST"])
def cadre_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return edit_page(request, CADRES, pk)
