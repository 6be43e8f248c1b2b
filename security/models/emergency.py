from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from security.models.units import Unit
from security.models.users import User


class EmergencyAccessQuerySet(models.QuerySet["EmergencyAccess"]):
    def in_force(self, at: datetime) -> EmergencyAccessQuerySet:
        return self.filter(valid_from__lte=at, valid_to__gt=at)

    def unreviewed(self) -> EmergencyAccessQuerySet:
        return self.filter(verdict="")


class EmergencyAccess(models.Model):
    """Break-glass: somebody opens a unit's rows for reading, for hours, and answers for it.

    Opens one viewing action only, never a change; never raises clearance; every read under it
    names it in the trail; a security officer reviews each one.
    """

    class Verdict(models.TextChoices):
        JUSTIFIED = "justified", _("justified")
        UNJUSTIFIED = "unjustified", _("not justified")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="emergency_accesses")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    reason = models.CharField(max_length=300)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=300, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="emergency_access_dates"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="emergency_access_reason"),
            models.CheckConstraint(
                condition=Q(verdict="")
                | (
                    Q(reviewed_by__isnull=False)
                    & Q(reviewed_at__isnull=False)
                    & ~Q(reviewed_by=F("user"))
                ),
                name="emergency_access_reviewed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.action} @ {self.unit_id}"
