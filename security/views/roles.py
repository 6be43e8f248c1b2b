from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from security import selectors
from security.http import require_action


@require_GET
@require_action("security.manage_access")
def roles(request: HttpRequest) -> HttpResponse:
    columns, rows = selectors.role_matrix()
    return render(request, "security/roles.html", {"roles": columns, "rows": rows})
