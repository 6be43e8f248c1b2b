"""Reads of emergency accesses: one's own, those to review, and what was read under each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from security.models import AuditEvent, EmergencyAccess, Unit, User
from security.models.emergency import EmergencyAccessQuerySet
from security.scope import may
from security.selectors.tree import units_where
from security.services.emergency import REVIEW

LINES_SHOWN = 200


def reviewed_by(user: User) -> EmergencyAccessQuerySet:
    """Emergency accesses to units where this user reviews, his own too (he may look at those)."""
    rows: EmergencyAccessQuerySet = EmergencyAccess.objects.filter(
        unit__in=units_where(user, REVIEW)
    )
    return rows.select_related("user__unit", "unit", "reviewed_by")


def waiting_count(user: User) -> int:
    """How many wait for this user's review."""
    if not may(user, REVIEW):
        return 0
    return reviewed_by(user).unreviewed().exclude(user=user).count()


def verdicts(user: User) -> dict[str, int]:
    """How many of each verdict there are among those he reviews; '' are those that wait."""
    rows = reviewed_by(user).order_by().values_list("verdict").annotate(n=Count("pk"))
    return dict(rows)


def yearly(unit: Unit, until: datetime) -> dict[str, int]:
    """Of the unit's people and of those below it, in the year before: how many, how many of them
    were judged unjustified, how many wait for a verdict. For reports."""
    people = User.objects.filter(unit__in=Unit.objects.under(unit))
    rows = EmergencyAccess.objects.filter(
        user__in=people, valid_from__gt=until - timedelta(days=365), valid_from__lte=until
    )
    counts = dict(rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {
        "all": sum(counts.values()),
        "unjustified": counts.get(EmergencyAccess.Verdict.UNJUSTIFIED, 0),
        "waiting": counts.get("", 0),
    }


def done_under(access: EmergencyAccess) -> QuerySet[AuditEvent]:
    """Every line of the trail that names this access: what was read, listed and searched."""
    name = f"emergency access {access.pk}"
    named = Q(allowed_by=name) | Q(allowed_by__startswith=f"{name} ")
    named |= Q(allowed_by__contains=f"; {name} ")
    lines = AuditEvent.objects.filter(named, at__gte=access.valid_from, actor_id=access.user_id)
    return lines.exclude(object_type="security.emergencyaccess").order_by("id")
