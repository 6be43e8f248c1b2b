"""Lots and dossiers: what one operator works through and one inspector accepts as a whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from digitization.models.programmes import DocumentType, Programme
from security.models import Protected, ProtectedQuerySet, StoredFile, User


class LotQuerySet(ProtectedQuerySet):
    def open(self) -> Self:
        return self.filter(state=Lot.State.OPEN)

    def assigned_to(self, user: User) -> Self:
        return self.filter(assigned_to=user)

    def with_counts(self) -> Self:
        return self.select_related("counter", "programme", "unit", "assigned_to")


class Lot(Protected):
    """A batch of dossiers. The database refuses one without catalogue and focal person, and
    refuses to accept one whose dossiers lack their minimum index data (migration 0002)."""

    view_action = "digitization.view"
    kind_name = _("Lot")
    detail_url = "digitization:lot"

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=30)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    judged_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = LotQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta(Protected.Meta):
        constraints = [
            *Protected.Meta.constraints,
            models.UniqueConstraint(fields=["programme", "code"], name="lot_code"),
            models.CheckConstraint(
                condition=Q(state="open")
                | Q(judged_by__isnull=False, judged_at__isnull=False, assigned_to__isnull=False),
                name="lot_judged",
            ),
            models.CheckConstraint(
                condition=Q(judged_by=None) | ~Q(judged_by=F("assigned_to")),
                name="lot_inspector_is_not_operator",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class LotCounter(models.Model):
    """Progress of a lot in one row. The columns of jobs are kept by a trigger on OcrJob, so that
    no path of a job through its states can be forgotten."""

    lot = models.OneToOneField(
        Lot, on_delete=models.CASCADE, primary_key=True, related_name="counter"
    )
    expected = models.PositiveIntegerField(default=0, help_text="pages expected")
    sent = models.PositiveIntegerField(default=0, help_text="files offered")
    refused = models.PositiveIntegerField(default=0, help_text="files refused")
    received = models.PositiveIntegerField(default=0, help_text="files received")
    stored = models.PositiveIntegerField(default=0, help_text="pages stored")
    queued = models.IntegerField(default=0)
    running = models.IntegerField(default=0)
    recognised = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    excused = models.IntegerField(default=0)
    served_at = models.DateTimeField(null=True, help_text="when a worker last took a page")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(queued__gte=0, running__gte=0, recognised__gte=0, failed__gte=0)
                & Q(excused__gte=0),
                name="lotcounter_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recognised}/{self.stored}"

    @property
    def busy(self) -> bool:
        """Whether something is still being read."""
        return self.queued + self.running > 0

    @property
    def settled(self) -> int:
        """Pages that need nothing more from a machine: read or excused."""
        return self.recognised + self.excused

    @property
    def remaining(self) -> int:
        return self.queued + self.running


class Dossier(Protected):
    """One person's or one matter's file."""

    view_action = "digitization.view"
    kind_name = _("Dossier")
    parents = ("lot",)
    detail_url = "digitization:dossier"

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="dossiers")
    code = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=120, blank=True, help_text="person or matter")

    history = HistoricalRecords()

    class Meta(Protected.Meta):
        constraints = [
            *Protected.Meta.constraints,
            models.CheckConstraint(condition=~Q(code=""), name="dossier_code_given"),
        ]

    def __str__(self) -> str:
        return self.code

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """Its pages, and the files as they came."""
        sources = apps.get_model("digitization", "SourceFile")._default_manager
        files = sources.filter(dossier__in=ids).values("stored")
        return [*super().inside(ids), StoredFile.objects.filter(pk__in=files)]

    @property
    def placement(self) -> dict[str, Any]:
        """Field values that put a child row where this dossier is."""
        return {
            "unit_id": self.unit_id,
            "unit_path": self.unit_path,
            "level": self.level,
            "sensitivity": self.sensitivity,
        }


class Document(models.Model):
    """A paper in a dossier, typed by the programme's catalogue."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="documents")
    type = models.ForeignKey(DocumentType, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    history = HistoricalRecords()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["dossier", "position"], name="document_position"),
        ]

    def __str__(self) -> str:
        return str(self.type)


class IndexValue(models.Model):
    """A confirmed index value. A proposal of the recognition is not data until confirmed."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="index_values")
    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, null=True, blank=True, related_name="index_values"
    )
    key = models.CharField(max_length=40)
    value = models.CharField(max_length=300)
    value_folded = models.CharField(max_length=300, help_text="for search without accents")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField()

    # What stood here before, who had confirmed it and when: nothing is overwritten for good.
    history = HistoricalRecords(excluded_fields=["value_folded"])

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "document", "key"],
                name="indexvalue_key",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(value__regex=r"\S"), name="indexvalue_given"),
        ]

    def __str__(self) -> str:
        return self.key
