"""The trail: searching it and taking a part of it along."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from security import audit
from security.actions import EVENT_GROUPS, OBJECTS
from security.http import form_status, record_refusal, require_action, signed_in
from security.models.protected import protected_models
from security.selectors import trail as selectors
from security.selectors.trail import VIEW, TrailFilter
from security.services import RefusedError
from security.services.trail import export_trail
from security.signin import name_mark
from security.views.shared import reason_of


@require_GET
@require_action(VIEW)
def trail(request: HttpRequest) -> HttpResponse:
    user, asked = signed_in(request), TrailFilter.of(request.GET, timezone.localdate())
    page = selectors.trail(user, asked)
    record_search(request, asked)
    context = {
        "page": page,
        "asked": asked,
        "groups": EVENT_GROUPS,
        "kinds": kinds(),
        "older_url": asked.address(before=page.more) if page.more else "",
        "newest_url": asked.address(before=None) if asked.before else "",
        "export_query": asked.address(before=None),
        "denied_url": asked.address(before=None, denied=True),
        "is_narrow": bool({"action", "kind", "number", "request"} & set(asked.asked)),
    }
    return render(request, "security/trail.html", context)


@require_http_methods(["GET", "POST"])
@require_action(VIEW)
def trail_export(request: HttpRequest) -> HttpResponseBase:
    """A month of what was searched for at most, with a reason, as a table for a spreadsheet."""
    user, asked = signed_in(request), TrailFilter.of(request.GET, timezone.localdate())
    error = ""
    if request.method == "POST":
        try:
            lines = export_trail(
                actor=user, asked=asked, reason=reason_of(request), now=timezone.now()
            )
        except RefusedError as refusal:
            record_refusal(request, refusal)
            error = str(refusal)
        else:
            answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
            name = f"trail-{asked.since:%Y%m%d}-{asked.until:%Y%m%d}.csv"
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer
    events, _units = selectors.found_events(user, asked)
    number = events.order_by()[: selectors.COUNTED_TO + 1].count()
    context = {
        "asked": asked,
        "number": min(number, selectors.COUNTED_TO),
        "many": number > selectors.COUNTED_TO,
        "back_query": asked.address(before=None),
        "error": error,
    }
    return render(request, "security/trail_export.html", context, status=form_status(request))


def record_search(request: HttpRequest, asked: TrailFilter) -> None:
    """Which fields were searched, between which days; a name as a keyed hash."""
    said: list[Any] = [f"{asked.since:%Y-%m-%d}..{asked.until:%Y-%m-%d}"]
    if asked.who:
        said.append(f"term {name_mark(asked.who)}")
    if asked.kind:
        said.append(f"{asked.kind} {asked.number}".strip())
    audit.record(
        "trail.read",
        actor=signed_in(request),
        object_type="security.auditevent",
        object_id=asked.actor or "",
        fields=[name for name in asked.asked if name not in {"since", "until", "before"}],
        reason=" · ".join(said),
    )


def kinds() -> list[tuple[str, str]]:
    """Kinds of objects to choose from, by their names."""
    protected = {model._meta.label_lower: model.kind_name for model in protected_models()}
    named = {**protected, **OBJECTS, "": _("All")}
    return sorted(
        ((label, str(name)) for label, name in named.items()),
        key=lambda one: (one[0] != "", one[1]),
    )
