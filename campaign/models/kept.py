"""What is kept beside the work: weekly snapshots, saved views, tables waiting to be taken in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaign.models.plan import Campaign, Phase
from security.models import User


class WeeklySnapshot(models.Model):
    """The figures of one week, frozen when it ended; never recomputed, never changed.

    ``figures``: ``{"lights": {"red": 3, …}, "units": {code: {…}}, "groups": {no: {…}},
    "blocks": {no: {…}}, "done_late": 1, "accepted": 7}`` over all tasks of the campaign, whatever
    a reader may see: whoever reads less gets his own figures computed as of ``at``.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="snapshots")
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(help_text="instant the figures speak of: the end of the week")
    taken_at = models.DateTimeField()
    figures = models.JSONField()

    class Meta:
        ordering = ["campaign", "at"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "phase"], name="snapshot_week_once"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.at:%d/%m/%Y}"


class SavedView(models.Model):
    """Filters and order of a list under a name of its owner's.

    ``is_default``: what the list shows when it is opened without any filter.
    """

    class Page(models.TextChoices):
        TASKS = "tasks", _("Tasks")
        PRODUCTS = "products", _("Products")
        MATRIX = "matrix", _("Six-clear matrix")
        TIMELINE = "timeline", _("Timeline")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=10, choices=Page, default=Page.TASKS)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["user", "page", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page"],
                condition=Q(is_default=True),
                name="saved_view_default_once",
            ),
            models.UniqueConstraint(fields=["user", "page", "name"], name="saved_view_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_named"),
        ]

    def __str__(self) -> str:
        return self.name


class TableImport(models.Model):
    """A table of tasks that somebody uploaded: read, previewed, then taken in or dropped.

    ``rows``: what each line asks for, ``problems``: what is wrong, by cell; nothing is written to
    tasks while there is one. ``versions``: of the tasks when the table was read, so that a change
    made in between is seen. ``about``: where in the file it stood and what was passed over.
    """

    class State(models.TextChoices):
        READ = "read", _("Waiting for you")
        TAKING = "taking", _("Being taken in")
        APPLIED = "applied", _("Taken in")
        DROPPED = "dropped", _("Dropped")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="imports")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=160)
    rows = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    versions = models.JSONField(default=dict)
    about = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.READ)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["read", "taking"], ended_at=None)
                | (Q(state__in=["applied", "dropped"]) & Q(ended_at__isnull=False)),
                name="table_import_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="applied") | Q(problems=[]), name="table_import_without_problem"
            ),
        ]

    def __str__(self) -> str:
        return self.name
