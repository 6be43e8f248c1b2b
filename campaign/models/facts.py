"""What happened to a task: appended, never overwritten."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from campaign.models.light import Light
from campaign.models.tasks import Task
from security.models import User


class ProgressReport(models.Model):
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reports")
    percent = models.PositiveSmallIntegerField()
    note = models.TextField(blank=True)
    obstacle = models.BooleanField(default=False, help_text="the owner reports an obstacle")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["task", "-at", "-pk"]
        indexes = [models.Index(fields=["task", "-at", "-id"], name="report_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="report_percent"),
            models.CheckConstraint(
                condition=Q(obstacle=False) | ~Q(note=""), name="report_obstacle_is_described"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.percent}%"


class DeadlineRevision(models.Model):
    """A deadline moved, with its reason and approver; the original stays on the task."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="revisions")
    old = models.DateTimeField()
    new = models.DateTimeField()
    reason = models.TextField()
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["task", "at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="revision_has_reason"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="revision_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.old:%d/%m} → {self.new:%d/%m}"


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def in_force(self, at: object) -> JudgementQuerySet:
        return self.filter(at__lte=at, expires_at__gt=at).order_by("-at", "-pk")


class Judgement(models.Model):
    """A leader sees a task otherwise, until a date; the computed light stays beside it."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="judgements")
    light = models.CharField(max_length=6, choices=Light)
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = JudgementQuerySet.as_manager()

    class Meta:
        ordering = ["task", "-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="judgement_has_reason"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("at")), name="judgement_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(light__in=["red", "yellow", "green"]), name="judgement_light"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.light}"


class LightTransition(models.Model):
    """One change of a task's light.

    ``number`` counts the changes of one task; being unique, it lets no second sweeper write the
    same change again. ``effective_at``: when the light changed; ``detected_at``: when this was
    written. An empty ``to_light`` means the task left the board.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="transitions")
    number = models.PositiveIntegerField()
    from_light = models.CharField(max_length=6, choices=Light, blank=True)
    to_light = models.CharField(max_length=6, choices=Light, blank=True)
    reasons = models.JSONField(default=list)
    effective_at = models.DateTimeField()
    detected_at = models.DateTimeField()

    class Meta:
        ordering = ["task", "number"]
        indexes = [
            models.Index(fields=["task", "-effective_at", "-number"], name="transition_at"),
            models.Index(fields=["effective_at"], name="transition_when"),
            models.Index(fields=["detected_at"], name="transition_found"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="transition_once"),
            models.CheckConstraint(
                condition=~Q(from_light=F("to_light")), name="transition_changes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} #{self.number}: {self.from_light} → {self.to_light}"
