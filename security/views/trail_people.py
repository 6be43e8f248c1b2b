"""The trail from a record's and from a person's side, and reading that stands out."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from security import audit
from security.http import require_action, signed_in
from security.models import Protected
from security.reading_rules import BOUNDS, DAY_BEGINS, DAY_ENDS
from security.scope import may
from security.selectors import readers, unusual
from security.selectors.trail import VIEW, TrailFilter, day_of
from security.story import kind_in_words, told
from security.views.explain import called


@require_GET
@require_action(VIEW)
def trail_of(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Everybody who opened, changed or tried one record, also one that is no longer there."""
    user, asked = signed_in(request), TrailFilter.of(request.GET, timezone.localdate())
    there = readers.place_of(kind, pk)
    if there is not None:
        known = readers.covers(user, there[0], there[1])
    else:
        # Of a deleted record the trail alone remembers where it lay.
        known = readers.was_there(user, kind, pk, asked.since, asked.until)
    if not known:
        _denied(request, kind, pk)
    row = there[2] if there else None
    found = readers.readers_of(user, kind, pk, asked.since, asked.until)
    where = {"row": row} if isinstance(row, Protected) else {"object_type": kind, "object_id": pk}
    audit.record("trail.record_read", actor=user, **where)
    context = {
        "kind": kind,
        "kind_name": kind_in_words(kind),
        "called": called(row) if isinstance(row, Protected) else str(row or f"#{pk}"),
        "row": row,
        "readers": found,
        "asked": asked,
        "explain": isinstance(row, Protected) and may(user, "security.explain_access", row),
    }
    return render(request, "security/trail_of.html", {**context, "pk": pk})


@require_GET
@require_action(VIEW)
def trail_by(request: HttpRequest, pk: int) -> HttpResponse:
    """A week of what one person did, told day by day."""
    user, today = signed_in(request), timezone.localdate()
    until = day_of(request.GET.get("until"), today)
    person = readers.known_person(user, pk)
    if person is None:
        _denied(request, readers.PERSON, pk)
    events, cut = readers.doings_of(user, person, until)
    audit.record("trail.person_read", actor=user, object_type=readers.PERSON, object_id=pk)
    week = timedelta(days=readers.STORY_DAYS)
    context = {
        "person": person,
        "days": told(events),
        "cut": cut,
        "until": until,
        "since": until - week + timedelta(days=1),
        "earlier": until - week,
        "later": min(until + week, today) if until < today else None,
    }
    return render(request, "security/trail_by.html", context)


@require_GET
@require_action(VIEW)
def trail_unusual(request: HttpRequest) -> HttpResponse:
    """Days on which somebody read otherwise than usual; the reader judges, not the machine."""
    user, today = signed_in(request), timezone.localdate()
    until = day_of(request.GET.get("until"), today)
    found = unusual.unusual_days(user, until)
    audit.record(
        "trail.unusual_read",
        actor=user,
        object_type=readers.PERSON,
        ids=sorted({one.actor_id for one in found}),
    )
    week = timedelta(days=unusual.SHOWN_DAYS)
    context = {
        "found": found,
        "bounds": BOUNDS,
        "begins": DAY_BEGINS,
        "ends": DAY_ENDS,
        "usual_days": unusual.USUAL_DAYS,
        "until": until,
        "since": until - week + timedelta(days=1),
        "earlier": until - week,
        "later": min(until + week, today) if until < today else None,
    }
    return render(request, "security/trail_unusual.html", context)


def _denied(request: HttpRequest, kind: str, pk: int) -> NoReturn:
    audit.record(
        VIEW, actor=signed_in(request), object_type=kind[:60], object_id=pk, decision="denied"
    )
    raise Http404
