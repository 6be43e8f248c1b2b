"""The state of the installation, and which stored files are not whole."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.state.keeping import keeping_lines
from config.state.line import GREEN, GREY, RED, YELLOW, Group
from config.state.mail import mail
from config.state.processes import process_lines
from config.state.storage import storage_lines
from config.state.trail import trail_lines
from digitization.selectors.damaged import damaged
from security import audit
from security.http import record_shown, require_action, signed_in
from security.places import STATE_ACTIONS

KEEPER = "digitization.manage"


@require_GET
@require_action(*STATE_ACTIONS)
def installation_state(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    groups = (
        Group(_("Keeping"), keeping_lines(now)),
        Group(_("Audit trail"), trail_lines(now)),
        Group(_("Stored files"), storage_lines(now)),
        Group(_("What must run"), (*process_lines(now), mail(now))),
    )
    lines = [line for group in groups for line in group.lines]
    counts = Counter(line.light for line in lines)
    context = {
        "todo": [line for light in (RED, YELLOW) for line in lines if line.light == light],
        "groups": [group.of(GREEN, GREY) for group in groups],
        "red": counts[RED],
        "yellow": counts[YELLOW],
        "fine": counts[GREEN],
        "unknown": counts[GREY],
        "now": now,
    }
    audit.record(
        "state.read", actor=signed_in(request), reason=f"red {counts[RED]}, yellow {counts[YELLOW]}"
    )
    return render(request, "config/state.html", context)


@require_GET
@require_action(*STATE_ACTIONS, KEEPER)
def damaged_files(request: HttpRequest) -> HttpResponse:
    """Numbers for whoever keeps the installation; whoever keeps dossiers sees those of his own."""
    user = signed_in(request)
    rows = damaged(user)
    audit.record(
        "list",
        actor=user,
        object_type="security.filefinding",
        ids=[row.finding.pk for row in rows],
    )
    record_shown(request, [row.dossier for row in rows if row.dossier is not None])
    return render(request, "config/damaged_files.html", {"rows": rows})
