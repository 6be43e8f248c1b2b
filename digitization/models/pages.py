"""Files as they came, their pages, and the job that reads each page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from digitization.models.lots import Document, Dossier, Lot
from security.models import Protected, ProtectedQuerySet, StoredFile


class SourceFile(models.Model):
    """A file as the operator sent it; the master is never changed.

    ``stem`` is the name without folder and ending, unique within the dossier ("-2" is added to the
    second of two equal names): exports call their files by it.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="files")
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(
        Document, on_delete=models.SET_NULL, null=True, blank=True, related_name="files"
    )
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    stem = models.CharField(max_length=160)
    kind = models.CharField(max_length=10)
    page_count = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["dossier", "sha256"], name="sourcefile_once"),
            models.UniqueConstraint(fields=["dossier", "position"], name="sourcefile_position"),
            models.UniqueConstraint(fields=["dossier", "stem"], name="sourcefile_stem"),
            models.CheckConstraint(condition=Q(page_count__gte=1), name="sourcefile_has_pages"),
        ]

    def __str__(self) -> str:
        return self.name


class PageQuerySet(ProtectedQuerySet):
    def in_order(self) -> Self:
        return self.order_by("source__position", "number")

    def matching(self, folded: str) -> Self:
        """Pages with every word of an already folded query; the last may be a beginning.

        Folded words hold letters and digits only, so they are safe in a tsquery.
        """
        if not folded:
            return self.none()
        query = SearchQuery(" & ".join(folded.split()) + ":*", config="simple", search_type="raw")
        return self.filter(search=query)


MACHINE_WRITTEN = [
    "version", "text", "text_folded", "search", "words", "proposals", "width", "height",
    "rotation", "skew", "blank", "mean_confidence", "derivative", "thumbnail",
]  # fmt: skip


class Page(Protected):
    """A page: the unit of reading, of correction and of display.

    ``text`` is as recognised (NFC), ``corrected`` what a person made of it (None: untouched).
    ``words`` is compact: [text, x, y, w, h, confidence, line] in pixels of ``width`` × ``height``.
    ``proposals`` likewise: [key, value, confidence, x, y, w, h], what a form seems to say.
    """

    view_action = "digitization.view"
    kind_name = _("Page")
    parents = ("dossier",)
    detail_url = "digitization:page"

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="pages")
    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="pages")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    corrected = models.TextField(null=True, blank=True)  # noqa: DJ001 - None is "not corrected"
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    text_folded = models.TextField(blank=True)
    search = models.GeneratedField(
        expression=SearchVector("text_folded", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    words = models.JSONField(default=list, blank=True)
    proposals = models.JSONField(default=list, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    rotation = models.SmallIntegerField(default=0)
    skew = models.FloatField(default=0.0)
    blank = models.BooleanField(default=False)
    mean_confidence = models.FloatField(null=True, blank=True)
    derivative = models.CharField(max_length=64, blank=True, help_text="blob of the screen image")
    thumbnail = models.CharField(max_length=64, blank=True, help_text="blob")

    objects: ClassVar[Any] = PageQuerySet.as_manager()
    # What people make of a page. What a machine read is written past it, and so is a page as it
    # came: its first version stands for the first correction.
    history = HistoricalRecords(excluded_fields=MACHINE_WRITTEN)

    class Meta(Protected.Meta):
        indexes = [*Protected.Meta.indexes, GinIndex(fields=["search"], name="page_search")]
        constraints = [
            *Protected.Meta.constraints,
            models.UniqueConstraint(fields=["source", "number"], name="page_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="page_number"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.number}"

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """The file it came in holds the page, too."""
        files = cls.objects.filter(pk__in=ids).values("source__stored")
        return [*super().inside(ids), StoredFile.objects.filter(pk__in=files)]

    @property
    def current_text(self) -> str:
        return self.text if self.corrected is None else self.corrected


class OcrJob(models.Model):
    """Reading one page. ``attempts`` counts claims and, with the id, names one attempt.

    A worker may write its result only while the row still says ``running`` with its own attempt.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being read")
        DONE = "done", _("Read")
        FAILED = "failed", _("Failed")
        EXCUSED = "excused", _("Excused")

    page = models.OneToOneField(Page, on_delete=models.CASCADE, related_name="job")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="jobs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_left = models.PositiveSmallIntegerField(default=3)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    engine_version = models.CharField(max_length=80, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="why a page is excused")
    excused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["lot", "id"], name="ocrjob_queued", condition=Q(state="queued")),
            models.Index(
                fields=["lease_until"], name="ocrjob_leases", condition=Q(state="running")
            ),
            models.Index(fields=["lot", "-finished_at"], name="ocrjob_finished"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="running")
                | (Q(lease_until__isnull=False, heartbeat__isnull=False) & ~Q(worker="")),
                name="ocrjob_leased",
            ),
            models.CheckConstraint(
                condition=~Q(state="excused") | (Q(excused_by__isnull=False) & ~Q(reason="")),
                name="ocrjob_excuse",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error_code=""), name="ocrjob_error"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.state}"
