"""The figures of a week, frozen when it ends."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from campaign.models import Acceptance, Campaign, Light, Phase, Task, WeeklySnapshot
from campaign.rules import end_of
from campaign.services.lights import sweep_lights
from security import audit


def take_snapshots(*, now: datetime) -> list[WeeklySnapshot]:
    """Freeze every week of a live campaign that is over and has no figures yet.

    Idempotent, and as good late as on time: the figures are those of the end of the week, from
    the transitions; a sweep that came late is caught up first.
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
    return [_take(campaign, phase, now) for campaign, phase in due]


@transaction.atomic
def _take(campaign: Campaign, phase: Phase, now: datetime) -> WeeklySnapshot:
    at = end_of(phase.end, before=False)
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
    """Counts of lights in all, by unit, group and block, at an instant; two queries."""
    rows = (
        Task.objects.filter(campaign=campaign)
        .lit(at)
        .order_by()
        .values_list("lit", "unit__code", "group__no", "block__no")
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
