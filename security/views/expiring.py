"""What expires this month, on the units the reader oversees."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from security import audit
from security.http import require_action, signed_in
from security.scope import may
from security.selectors import expiry, holdings
from security.views.shared import asked_of

SHOWN = 100


@require_GET
@require_action(*holdings.OVERSEES, expiry.SECRECY)
def expiring(request: HttpRequest) -> HttpResponse:
    reader, now = signed_in(request), timezone.now()
    month = expiry.month_named(asked_of(request, "month"), now)
    kind = asked_of(request, "kind")
    kind = kind if kind in expiry.KINDS else ""
    number = expiry.count_endings(reader, month, kind)
    page: Page[int] = Paginator(range(number), SHOWN).get_page(asked_of(request, "page"))
    # Kinds are merged by date, so that a page is known only with all before it.
    shown = expiry.endings(reader, month, kind, at_most=page.end_index())[page.start_index() - 1 :]
    audit.record(
        "list",
        actor=reader,
        object_type="security.user",
        ids=sorted({one.person.pk for one in shown if one.person is not None}),
        reason=f"{request.path} {month.first:%Y-%m} {kind}".strip(),
    )
    context = {
        "month": month,
        "kind": kind,
        "kinds": expiry.KINDS,
        "page": page,
        "many": number >= expiry.READ_AT_MOST,
        "rows": [
            (one, one.person is not None and may(reader, holdings.MANAGE, one.person.unit))
            for one in shown
        ],
        "oversees": any(may(reader, action) for action in holdings.OVERSEES),
        "now": now,
        "soon": now + expiry.SOON,
    }
    return render(request, "security/expiring.html", context)
