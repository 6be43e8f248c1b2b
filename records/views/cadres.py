from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from records.fields import field_of
from records.models import Cadre
from records.registers import CADRES
from records.views.listing import list_page
from records.views.single import detail_page, edit_page, history_page
from security.fields import HiddenFieldError, where_readable
from security.http import refuse_query, require_action, signed_in


@require_GET
@require_action("records.view")
def cadre_list(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    rows = Cadre.objects.visible_to(user)
    central = request.GET.get("central") == "1"
    if central:
        try:
            rows = where_readable(user, rows, field_of(Cadre, "managed_centrally"))
        except HiddenFieldError as refused:
            return refuse_query(request, refused)
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


@require_GET
def cadre_history(request: HttpRequest, pk: int) -> HttpResponse:
    return history_page(request, CADRES, pk)


@require_http_methods(["GET", "POST"])
def cadre_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return edit_page(request, CADRES, pk)
