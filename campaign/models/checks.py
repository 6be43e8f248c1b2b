"""The nightly comparison of stored lights with the rule, kept so that somebody can look at it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from campaign.models.plan import Campaign


class LightCheck(models.Model):
    """One comparison of one campaign: how many lights were looked at, which differed.

    ``differences``: ``[{"task": pk, "stored": light shown, "ruled": light of the rule}, …]``.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="light_checks")
    at = models.DateTimeField(help_text="instant the rule was asked about")
    finished_at = models.DateTimeField()
    looked_at = models.PositiveIntegerField()
    differences = models.JSONField(default=list)

    class Meta:
        ordering = ["campaign", "-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "at"], name="light_check_once"),
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("at")), name="light_check_finished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.at:%d/%m/%Y}"
