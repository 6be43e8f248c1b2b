"""Where operators, inspectors and keepers begin."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET, require_POST

from digitization.models import Dossier, Lot, Programme
from digitization.problems import problem, refused
from digitization.selectors.damaged import damaged
from digitization.selectors.exports import APPROVE, EXPORT, to_decide
from digitization.selectors.lots import current_lot, lot_rows
from digitization.services import open_dossier
from digitization.views.shared import answer_upload, take_files
from security.http import record_shown, require_action, signed_in
from security.models import User
from security.scope import may
from security.services import RefusedError


@require_GET
@require_action("digitization.view")
def home(request: HttpRequest) -> HttpResponse:
    """My lots with their counts, a place to drop scans, programmes for those who lead them."""
    user, now = signed_in(request), timezone.now()
    lots = Lot.objects.visible_to(user).with_counts().order_by("-created_at", "-id")
    mine = lots.assigned_to(user)
    rows = lot_rows(mine[:50], user=user, now=now)
    others = lot_rows(lots.exclude(assigned_to=user)[:50], user=user, now=now)
    shown = [row.lot for row in [*rows, *others]]
    seen = _mark(user, shown)
    context: dict[str, object] = {"now": now, "mine": rows, "others": others, "seen": seen}
    if request.htmx:  # type: ignore[attr-defined]
        # New counts of lots that are on the screen already are no new reading.
        if request.GET.get("seen") != seen:
            record_shown(request, shown)
        return render(request, "digitization/home.html#lots", context)
    current, dossiers = current_lot(user), _recent_dossiers(user)
    programmes = list(Programme.objects.visible_to(user).select_related("unit", "focal_person"))
    record_shown(request, [*shown, *dossiers, *programmes])
    context |= {
        "current": current,
        "dossiers": dossiers,
        "programmes": programmes,
        "can_upload": may(user, "digitization.upload"),
        "can_manage": may(user, "digitization.manage"),
        "can_export": may(user, EXPORT) or may(user, APPROVE),
        "exports_waiting": len(to_decide(user)),
        "damaged": len(damaged(user)) if may(user, "digitization.manage") else 0,
    }
    return render(request, "digitization/home.html", context)


@require_POST
@require_action("digitization.upload")
def upload(request: HttpRequest) -> HttpResponse:
    """Scans for a dossier by its code; a new code is opened in the operator's current lot."""
    home_url = reverse("digitization:home")
    try:
        dossier = dossier_by_code(signed_in(request), request.POST.get("code", ""))
    except RefusedError as error:
        words = " ".join(found.message for found in error.problems)
        rows = [
            {"name": file.name or "", "state": "refused", "text": "", "url": "", "error": words}
            for file in request.FILES.getlist("files")
        ] or [{"name": "", "state": "refused", "text": "", "url": "", "error": words}]
        return answer_upload(request, rows, home_url)
    rows = take_files(request, dossier, request.FILES.getlist("files"))
    return answer_upload(request, rows, reverse("digitization:dossier", args=[dossier.pk]))


def dossier_by_code(user: User, code: str) -> Dossier:
    """The visible dossier of this code, or a new one in the current lot.

    Two files of one upload may arrive at the same moment, so a dossier that somebody opened in
    between is taken as it is.
    """
    code = code.strip()
    if not code:
        raise refused("code_missing")
    rows = Dossier.objects.visible_to(user).select_related("lot", "unit")
    if (found := rows.filter(code=code).first()) is not None:
        return found  # type: ignore[no-any-return]
    lot = current_lot(user)
    if lot is None:
        raise RefusedError(problem("no_open_lot"))
    try:
        return open_dossier(actor=user, lot=lot, code=code, now=timezone.now())
    except RefusedError:
        if (found := rows.filter(code=code).first()) is not None:
            return found  # type: ignore[no-any-return]
        raise


def _mark(user: User, lots: list[Lot]) -> str:
    """Says which lots the page at this person's screen names; nobody else can make it."""
    named = ",".join(str(lot.pk) for lot in lots)
    return salted_hmac("digitization.home", f"{user.pk}:{named}").hexdigest()[:32]


def _recent_dossiers(user: User) -> list[Dossier]:
    return list(
        Dossier.objects.visible_to(user)
        .filter(lot__assigned_to=user, lot__state=Lot.State.OPEN)
        .select_related("lot")
        .order_by("-created_at", "-id")[:12]
    )
