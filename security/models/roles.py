from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from security.levels import Secrecy, Sensitivity
from security.models.units import Unit
from security.models.users import User


class Role(models.Model):
    """A named set of actions; the role × action matrix is data (security/data/roles.yaml)."""

    code = models.SlugField(primary_key=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name


class RolePermission(models.Model):
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions")
    action = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "action"], name="role_action_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.action}"


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def in_force(self, at: datetime) -> RoleGrantQuerySet:
        return self.filter(valid_from__lte=at).filter(Q(valid_to=None) | Q(valid_to__gt=at))


class RoleGrant(models.Model):
    """A role on a unit and everything below it, from–to, up to a level."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="role_grants")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    max_level = models.PositiveSmallIntegerField(choices=Secrecy, default=Secrecy.INTERNAL)
    max_sensitivity = models.PositiveSmallIntegerField(
        choices=Sensitivity, default=Sensitivity.NORMAL
    )
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        ordering = ["user", "role", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="role_grant_dates",
            ),
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("user")),
                name="role_grant_not_to_self",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id} @ {self.unit_id}"
