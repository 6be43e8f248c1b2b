"""Pages taken out of the house as one PDF: who asked, what for, who agreed, what became of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from digitization import export_rules as rules
from security.levels import Secrecy, Sensitivity

# Nobody has agreed to these, and nothing has left the house.
UNDECIDED = (rules.ASKED, rules.CANCELLED, rules.WITHDRAWN, rules.EXPIRED)


class PageExport(models.Model):
    """One export. Its number is burned into every page and is what the trail calls it.

    ``page_ids`` are frozen at the request, in their order; ``level`` and ``sensitivity`` are the
    highest of them then, ``unit_path`` the nearest unit above all of them: the trail's rows about
    the export are placed by these. The row is nobody's but its asker's and the second person's; it
    is no protected row, because it outlives the rights it was made by.
    """

    class State(models.TextChoices):
        ASKED = rules.ASKED, _("Waiting for a second person")
        APPROVED = rules.APPROVED, _("Waiting to be made")
        RUNNING = rules.RUNNING, _("Being made")
        READY = rules.READY, _("Ready")
        REFUSED = rules.REFUSED, _("Export refused")
        FAILED = rules.FAILED, _("Not made")
        EXPIRED = rules.EXPIRED, _("Time over")
        WITHDRAWN = rules.WITHDRAWN, _("Withdrawn: access ended")
        CANCELLED = rules.CANCELLED, _("Cancelled")

    class Purpose(models.TextChoices):
        PERSONNEL = "personnel", _("Personnel work")
        BENEFITS = "benefits", _("Benefits and policies")
        INSPECTION = "inspection", _("Inspection and supervision")
        AUTHORITY = "authority", _("Request of a competent body")
        PERSON = "person", _("Request of the person concerned")
        OTHER = "other", _("Another purpose")

    number = models.CharField(max_length=20, unique=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="page_exports"
    )
    asked_at = models.DateTimeField()
    title = models.CharField(max_length=200, help_text="codes of what it was asked from")
    purpose = models.CharField(max_length=12, choices=Purpose)
    reason = models.CharField(max_length=300)
    page_ids = ArrayField(models.BigIntegerField())
    page_count = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(default=0, help_text="pages without a picture yet")
    unit_path = models.CharField(max_length=255, db_collation="C")
    level = models.PositiveSmallIntegerField(choices=Secrecy)
    sensitivity = models.PositiveSmallIntegerField(choices=Sensitivity)
    alone = models.BooleanField(help_text="no second person was needed")
    alone_before = models.PositiveIntegerField(help_text="pages of 24 h before, taken alone")
    alone_at_most = models.PositiveIntegerField(help_text="the threshold then")

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True)

    done = models.PositiveIntegerField(default=0, help_text="pages written")
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_left = models.PositiveSmallIntegerField(default=rules.ATTEMPTS)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    error_code = models.CharField(max_length=40, blank=True)

    blob = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="bytes")
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        ordering = ["-asked_at", "-number"]
        indexes = [
            models.Index(fields=["asked_by", "-asked_at"], name="pageexport_mine"),
            models.Index(
                fields=["asked_at"],
                name="pageexport_open",
                condition=Q(state__in=[*sorted(rules.LIVING)]),
            ),
            models.Index(fields=["id"], name="pageexport_bytes", condition=~Q(blob="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(page_count__gte=1, page_ids__len=F("page_count")),
                name="pageexport_pages",
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="pageexport_reason"),
            models.CheckConstraint(condition=Q(level__lte=3), name="pageexport_level"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="pageexport_second_person",
            ),
            models.CheckConstraint(
                condition=Q(alone=False)
                | Q(
                    level__lte=rules.ALONE_UP_TO_LEVEL,
                    alone_at_most__gte=F("page_count") + F("alone_before"),
                ),
                name="pageexport_alone",
            ),
            models.CheckConstraint(
                condition=Q(alone=True)
                | Q(state__in=UNDECIDED)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="pageexport_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state=rules.REFUSED) | ~Q(decision_reason=""),
                name="pageexport_refusal",
            ),
            models.CheckConstraint(
                condition=~Q(state=rules.RUNNING) | (Q(lease_until__isnull=False) & ~Q(worker="")),
                name="pageexport_leased",
            ),
            models.CheckConstraint(
                condition=~Q(state=rules.READY)
                | (Q(done=F("page_count"), expires_at__isnull=False) & ~Q(blob="")),
                name="pageexport_ready",
            ),
            models.CheckConstraint(
                condition=~Q(state=rules.FAILED) | ~Q(error_code=""), name="pageexport_error"
            ),
            models.CheckConstraint(condition=Q(done__lte=F("page_count")), name="pageexport_done"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def moving(self) -> bool:
        """Whether a worker has it or will take it."""
        return self.state in rules.MOVING

    @property
    def signature(self) -> str:
        """Changes whenever its page would look different."""
        return f"{self.state}-{self.done}-{self.downloads}-{self.attempts}"
