from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from security.levels import Secrecy
from security.models.users import User


class ApprovalQuerySet(models.QuerySet["SecrecyApproval"]):
    def in_force(self, day: date) -> Self:
        """Not withdrawn, begun, and not ended before this day."""
        return self.filter(withdrawn_at=None, date__lte=day).filter(
            Q(valid_to=None) | Q(valid_to__gte=day)
        )


class SecrecyApproval(models.Model):
    """The recorded approval without which this installation may hold levels 2–3.

    Who approved it, number, date and legal basis of the decision, and the cipher approved for
    that level: the product's own encryption does not claim to be one.
    """

    level = models.PositiveSmallIntegerField(choices=Secrecy)
    approved_by_name = models.CharField(max_length=160)
    number = models.CharField(max_length=60)
    date = models.DateField()
    basis = models.CharField(max_length=300)
    cipher = models.CharField(max_length=160)
    valid_to = models.DateField(null=True, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(level__gte=2, level__lte=3), name="secrecy_approval_level"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Classification(models.Model):
    """Why something has its secrecy level: legal basis, who classified it, when to look again.

    Without ``object_id`` it is the standing decision for all rows of ``object_type`` up to
    ``level``; with it, for that one row. The newest one counts; earlier ones stay as history.
    """

    class Kind(models.TextChoices):
        STANDING = "standing", _("standing decision")
        RAISED = "raised", _("classified")
        LOWERED = "lowered", _("declassified")
        REVIEWED = "reviewed", _("reviewed, unchanged")

    kind = models.CharField(max_length=10, choices=Kind)
    object_type = models.CharField(max_length=60, help_text="app_label.model")
    object_id = models.BigIntegerField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(choices=Secrecy)
    previous_level = models.PositiveSmallIntegerField(choices=Secrecy, null=True)
    legal_basis = models.CharField(max_length=300)
    reason = models.CharField(max_length=300, blank=True)
    # Empty only for standing decisions that come with the installation.
    classified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    classified_at = models.DateTimeField()
    review_on = models.DateField()
    approval = models.ForeignKey(
        SecrecyApproval, on_delete=models.PROTECT, null=True, related_name="classifications"
    )

    class Meta:
        ordering = ["-classified_at", "-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="classification_object"),
            models.Index(fields=["review_on"], name="classification_review"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__lte=3), name="classification_level"),
            models.CheckConstraint(
                condition=Q(level__lte=1) | Q(approval__isnull=False),
                name="classification_approved",
            ),
            models.CheckConstraint(
                condition=Q(kind="standing", object_id=None)
                | (~Q(kind="standing") & Q(object_id__isnull=False, classified_by__isnull=False)),
                name="classification_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind="lowered") | (Q(level__lt=F("previous_level")) & ~Q(reason="")),
                name="classification_lowered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id or ''}: {self.level}"
