"""Object grants: guardian's direct foreign-key permission models, with dates and a reason.

Guardian's generic tables compare CAST(pk AS varchar) and know nothing of expiry; the direct ones
join on integers. A protected model that can be granted row by row has two concrete tables::

    class TaskUserGrant(UserGrant):
        content_object = models.ForeignKey(Task, CASCADE, related_name="user_grants")
    class TaskUnitGrant(UnitGrant):
        content_object = models.ForeignKey(Task, CASCADE, related_name="unit_grants")

The related names are what the visibility filter looks for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from guardian.models import BaseObjectPermission, UserObjectPermissionBase

from security.models.units import Unit
from security.models.users import User


class GrantQuerySet(models.QuerySet[Any]):
    def in_force(self, at: datetime) -> Self:
        return self.filter(valid_from__lte=at).filter(Q(valid_to=None) | Q(valid_to__gt=at))


class GrantTerms(models.Model):
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="%(class)s_dates",
            ),
        ]


class UserGrant(GrantTerms, UserObjectPermissionBase):
    """One row opened to one person until a date."""

    objects = GrantQuerySet.as_manager()  # type: ignore[assignment, misc]

    class Meta(GrantTerms.Meta, UserObjectPermissionBase.Meta):
        abstract = True


class UnitGrant(GrantTerms, BaseObjectPermission):
    """One row opened to whoever holds a viewing role on exactly this unit, up to that role's caps.

    Not to units below: a role never looks up. Not to units above: a superior sees by his own reach,
    or is given a grant of his own; so the filter asks one index for a handful of units, and never
    gathers the grants of a whole province for one list (docs/adr/0002).
    """

    grantee = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta(GrantTerms.Meta):
        abstract = True
        unique_together = ["grantee", "permission", "content_object"]
