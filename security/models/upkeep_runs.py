from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

# Codes, numbers and dates: no letter of a Vietnamese name, no path, no quotation fits in.
CODES = r"^[A-Za-z0-9_ .,;:=+-]*$"


class UpkeepRunQuerySet(models.QuerySet["UpkeepRun"]):
    def running(self) -> UpkeepRunQuerySet:
        return self.filter(finished_at=None)

    def finished(self) -> UpkeepRunQuerySet:
        return self.exclude(finished_at=None)

    def successful(self) -> UpkeepRunQuerySet:
        return self.filter(outcome=UpkeepRun.Outcome.OK)

    def newest(self, kind: str) -> UpkeepRun | None:
        """The last one of a kind that came to an end."""
        return self.finished().filter(kind=kind).order_by("-finished_at", "-pk").first()

    def newest_good(self, kind: str) -> UpkeepRun | None:
        return self.successful().newest(kind)

    def newest_usable(self, kind: str) -> UpkeepRun | None:
        """The last one that came to an end without failing, with problems or not."""
        return self.exclude(outcome=UpkeepRun.Outcome.FAILED).newest(kind)

    def begun_before(self, at: datetime) -> UpkeepRunQuerySet:
        return self.filter(started_at__lt=at)


class UpkeepRun(models.Model):
    """One run of a job that keeps the installation: numbers and codes, never names or contents.

    Written by ``security.services.upkeep_runs`` alone.
    """

    class Kind(models.TextChoices):
        BACKUP = "backup", _("backup")
        RESTORE = "restore", _("restore")
        DRILL = "drill", _("restore drill")
        FIXITY = "fixity", _("check of stored files")
        SWEEP = "sweep", _("sweep of unreferenced files")
        ROTATION = "rotation", _("change of file keys")

    class Outcome(models.TextChoices):
        OK = "ok", _("in order")
        PROBLEMS = "problems", _("problems found")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=10, choices=Kind)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)  # null while it runs
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    figures = models.JSONField(default=dict, help_text="counts and bytes by name")
    said = models.CharField(max_length=300, blank=True, help_text="codes")

    objects = UpkeepRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["kind", "-finished_at"], name="upkeeprun_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None, outcome="")
                | Q(finished_at__isnull=False, outcome__in=["ok", "problems", "failed"]),
                name="upkeeprun_outcome_when_finished",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
                name="upkeeprun_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(said__regex=CODES), name="upkeeprun_says_codes"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
