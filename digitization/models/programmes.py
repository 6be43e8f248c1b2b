"""What is digitised, by whom, in which seven steps (Appendix 2 of the plan)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from security.levels import Sensitivity
from security.models import Protected


class Programme(Protected):
    """A run of the seven steps for one kind of file; ``unit`` is the one lead unit."""

    view_action = "digitization.view"
    kind_name = _("Programme")
    detail_url = "digitization:programme"

    class Kind(models.TextChoices):
        MEMBER = "member", _("Party member files")
        CADRE = "cadre", _("Cadre files")

    code = models.CharField(max_length=30, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind)
    focal_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta(Protected.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.code} · {self.title}"

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """Its lots: not hidden with it, but never less secret than it."""
        lots = apps.get_model("digitization", "Lot")._default_manager
        return [*super().inside(ids), lots.filter(programme__in=ids)]


class DocumentType(models.Model):
    """An entry of a programme's catalogue; in scope when a count is expected of it."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="types")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    priority = models.PositiveSmallIntegerField(help_text="1 = digitise first")
    may_repeat = models.BooleanField(default=False)
    sensitivity = models.PositiveSmallIntegerField(
        choices=Sensitivity, default=Sensitivity.PERSONAL
    )
    expected_count = models.PositiveIntegerField(null=True, blank=True)

    # The catalogue is frozen when the programme begins; only the expected count changes.
    history = HistoricalRecords(
        excluded_fields=["number", "code", "priority", "may_repeat", "sensitivity"]
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "code"], name="documenttype_code"),
            models.UniqueConstraint(fields=["programme", "number"], name="documenttype_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.name}"


class IndexField(models.Model):
    """An index field of a programme, frozen from the catalogue when the programme begins."""

    class Scope(models.TextChoices):
        DOSSIER = "dossier", _("Dossier")
        DOCUMENT = "document", _("Document")

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        DATE = "date", _("Date")
        NUMBER = "number", _("Number")
        IDENTITY = "identity", _("Identity number (12 digits)")

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="index_fields")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    scope = models.CharField(max_length=10, choices=Scope)
    kind = models.CharField(max_length=10, choices=Kind)
    required = models.BooleanField(default=False)
    proposal = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "key"], name="indexfield_key"),
        ]

    def __str__(self) -> str:
        return self.name


class ProgrammeStep(models.Model):
    """One of the seven steps; what its gate saw when it closed is kept as evidence."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    content = models.TextField()
    outputs = ArrayField(models.CharField(max_length=200))
    control_point = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="programmestep_number"),
            models.CheckConstraint(
                condition=Q(number__gte=1) & Q(number__lte=7), name="programmestep_seven"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(evidence={}),
                name="programmestep_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"
