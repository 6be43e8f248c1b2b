from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from security.levels import Secrecy, Sensitivity
from security.models.units import Unit
from security.models.users import User


class Role(models.Model):
    """A named set of actions; the role × action matrix is data (security/data/roles.yaml)."""

    code = models.SlugField(primary_key=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    high = models.BooleanField(
        default=False, help_text="comes into force only when a second person has approved it"
    )
    mfa_required = models.BooleanField(default=False)
    delegable = models.BooleanField(
        default=False, help_text="its holder may pass it on for a time, for example while on leave"
    )

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name


class RolePermission(models.Model):
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions")
    action = models.CharField(max_length=60)
    # Taken away by people, not merely unknown: a new version's default must not bring it back.
    allowed = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "action"], name="role_action_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.action}"


class RoleTerms(models.Model):
    """Terms on which a role is given: from–to, up to two caps."""

    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    max_level = models.PositiveSmallIntegerField(choices=Secrecy, default=Secrecy.INTERNAL)
    max_sensitivity = models.PositiveSmallIntegerField(
        choices=Sensitivity, default=Sensitivity.NORMAL
    )
    # Set where the holder of a role passes it on: in force only while that role is.
    delegated_from = models.ForeignKey(
        "security.RoleGrant", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def unended(self, at: datetime) -> RoleGrantQuerySet:
        """In force now or later; what still has to be reckoned with."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=at))

    def in_force(self, at: datetime) -> RoleGrantQuerySet:
        """Begun, not ended; a delegated one only while its origin is in force too.

        What was passed on cannot be passed on again: a chain would outlive its first link.
        """
        origin = "delegated_from__"
        lives_on = Q(
            Q(**{f"{origin}valid_to": None}) | Q(**{f"{origin}valid_to__gt": at}),
            **{
                f"{origin}valid_from__lte": at,
                f"{origin}user__is_active": True,
                f"{origin}delegated_from": None,
            },
        )
        return (
            self.filter(valid_from__lte=at)
            .filter(Q(valid_to=None) | Q(valid_to__gt=at))
            .filter(Q(delegated_from=None) | lives_on)
        )


class RoleGrant(RoleTerms):
    """A role on a unit and everything below it. High ones name who else approved them."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="role_grants")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    # Frozen when given: the role was a high one, or the level above internal.
    high = models.BooleanField(default=False)

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
            # granted_by is empty only where the installation itself gives (bootstrap, demo).
            models.CheckConstraint(
                condition=Q(high=False) | Q(granted_by=None) | Q(approved_by__isnull=False),
                name="role_grant_high_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | (~Q(approved_by=F("granted_by")) & ~Q(approved_by=F("user"))),
                name="role_grant_second_person",
            ),
            models.CheckConstraint(
                condition=Q(delegated_from=None) | Q(valid_to__isnull=False),
                name="role_grant_delegation_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id} @ {self.unit_id}"


class RoleRequest(RoleTerms):
    """A high role asked for; it becomes a grant when a second person approves it."""

    class Decision(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_requests")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="requests")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="role_requests")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.WAITING)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=200, blank=True)
    grant = models.OneToOneField(
        RoleGrant, on_delete=models.PROTECT, null=True, related_name="request"
    )

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(requested_by=F("user")), name="role_request_not_to_self"
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["waiting", "withdrawn"])
                | (
                    Q(decided_by__isnull=False)
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by=F("requested_by"))
                    & ~Q(decided_by=F("user"))
                ),
                name="role_request_second_person",
            ),
            models.CheckConstraint(
                condition=Q(decision="approved", grant__isnull=False)
                | (~Q(decision="approved") & Q(grant=None)),
                name="role_request_grant",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "unit"],
                condition=Q(decision="waiting"),
                name="role_request_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id} @ {self.unit_id} ({self.decision})"
