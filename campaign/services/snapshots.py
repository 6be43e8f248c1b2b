"""The figures of a week, frozen when it ends."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from campaign.models import Acceptance, Campaign, HandOver, Light, Phase, Task, WeeklySnapshot
from campaign.rules import end_of
from campaign.services.lights import sweep_lights
from security import audit


def take_snapshots(*, now: datetime) -> list[WeeklySnapshot]:
    """Freeze every week of a live campaign that is over and has no figures yet.

    Idempotent, and as good late as on time: the figures are those of the end of the week, from
    the transitions; a sweep that came late is caught up first. A week with tasks that another sweep
    holds, or a writer, waits for the next run: their changes of light cannot be read yet.
    """
    due = [
        (campaign, phase)
        for campaign in Campaign.objects.filter(closed_at=None)
        for phase in Phase.objects.filter(campaign=campaign).exclude(
            pk__in=WeeklySnapshot.objects.filter(campaign=campaign).values("phase")
        )
        if end_of(phase.end, before=False) <= now
    ]
    if due:
        sweep_lights(now=now)
    taken = [_take(campaign, phase, now) for campaign, phase in due]
    return [one for one in taken if one is not None]


@transaction.atomic
def _take(campaign: Campaign, phase: Phase, now: datetime) -> WeeklySnapshot | None:
    at = end_of(phase.end, before=False)
    # Asked before the figures are read: what is no longer due has been committed by then.
    if Task.objects.filter(campaign=campaign).due_for_sweep(at).exists():
        return None
    made, fresh = WeeklySnapshot.objects.get_or_create(
        campaign=campaign,
        phase=phase,
        defaults={"at": at, "taken_at": now, "figures": figures_at(campaign, at)},
    )
    if fresh:
        audit.record(
            "snapshot.taken",
            actor=None,
            object_type="campaign.campaign",
            object_id=campaign.pk,
            reason=f"week {phase.no}",
        )
    return made


def figures_at(campaign: Campaign, at: datetime) -> dict[str, Any]:
    """Counts of lights in all, by lead unit of then, group and block, at an instant; two queries."""
    later = HandOver.objects.filter(task=OuterRef("pk"), at__gt=at).order_by("at", "pk")
    lead = Coalesce(Subquery(later.values("from_unit__code")[:1]), F("unit__code"))
    rows = (
        Task.objects.filter(campaign=campaign)
        .lit(at)
        .annotate(lead=lead)
        .order_by()
        .values_list("lit", "lead", "group__no", "block__no")
        .annotate(n=Count("pk"), late=Count("pk", filter=Q(lit=Light.DONE, late_days__gt=0)))
    )
    lights: Counter[str] = Counter()
    parts: dict[str, dict[str, Counter[str]]] = {"units": {}, "groups": {}, "blocks": {}}
    done_late = 0
    for light, unit, group, block, n, late in rows:
        lights[light] += n
        done_late += late
        for name, key in (("units", unit), ("groups", group), ("blocks", block)):
            if key is not None:
                parts[name].setdefault(str(key), Counter())[light] += n
    accepted = Acceptance.objects.filter(
        submission__product__task__campaign=campaign, grade="A", at__lte=at
    ).count()
    return {
        "lights": {light: lights[light] for light in Light.values},
        "done_late": done_late,
        "accepted": accepted,
        **parts,
    }
