from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from security.models.roles import Role, RoleRequest
from security.models.users import User


class MatrixChange(models.Model):
    """A cell of the role × action matrix that somebody asked to change; a second person decides."""

    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="changes")
    action = models.CharField(max_length=60)
    allowed = models.BooleanField(help_text="what the cell shall say")
    reason = models.CharField(max_length=200)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decision = models.CharField(
        max_length=10,
        choices=RoleRequest.Decision,
        default=RoleRequest.Decision.WAITING,
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="matrix_change_reason"),
            models.CheckConstraint(
                condition=Q(decision__in=["waiting", "withdrawn"])
                | (
                    Q(decided_by__isnull=False)
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by=F("requested_by"))
                ),
                name="matrix_change_second_person",
            ),
            models.UniqueConstraint(
                fields=["role", "action"],
                condition=Q(decision="waiting"),
                name="matrix_change_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.action} {'+' if self.allowed else '-'}"
