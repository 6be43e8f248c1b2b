"""What programs sent with a key of their own, so that sending it again does nothing twice."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from security.models import User


class SentOnce(models.Model):
    """One writing call of one person. ``made``: the row that came of it.

    fingerprint: of address and body; the same key with another body is a mistake of the caller's.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    made = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["user", "at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="sent_once_per_key"),
            models.CheckConstraint(condition=~Q(key=""), name="sent_once_has_key"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}"
