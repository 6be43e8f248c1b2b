from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from security.models.roles import RoleGrant
from security.models.units import Unit
from security.models.users import User


class AccessReview(models.Model):
    """A round through all roles on a unit and below: who still needs what, signed off."""

    title = models.CharField(max_length=160)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closing_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by=None, closed_at=None)
                | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="access_review_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ReviewItem(models.Model):
    """One role grant to be confirmed or ended."""

    class Verdict(models.TextChoices):
        OPEN = "open", _("open")
        KEEP = "keep", _("still needed")
        END = "end", _("no longer needed")

    review = models.ForeignKey(AccessReview, on_delete=models.CASCADE, related_name="items")
    grant = models.ForeignKey(RoleGrant, on_delete=models.PROTECT, related_name="review_items")
    # Copied, so that the database itself refuses that somebody confirms his own role.
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.OPEN)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["review", "id"]
        constraints = [
            models.UniqueConstraint(fields=["review", "grant"], name="review_item_once"),
            models.CheckConstraint(
                condition=Q(verdict="open")
                | (
                    Q(decided_by__isnull=False)
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by=F("holder"))
                ),
                name="review_item_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.grant_id} {self.verdict}"
