"""The task: six clear fields, one lead unit, one owner."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from campaign.models.light import SEVERITY, Light
from campaign.models.plan import Block, Campaign, MatrixRow, Phase, TaskGroup
from security.levels import Secrecy, Sensitivity
from security.models import Unit, User
from security.models.grants import UnitGrant, UserGrant
from security.models.protected import Protected, ProtectedQuerySet


class TaskQuerySet(ProtectedQuerySet):
    def drafts(self) -> Self:
        return self.filter(state="draft")

    def active(self) -> Self:
        """Agreed, complete and still to be done."""
        return self.filter(state="active")

    def done(self) -> Self:
        return self.filter(state="done")

    def on_board(self) -> Self:
        """What the board counts now: active and done tasks; never drafts or cancelled ones."""
        return self.filter(state__in=["active", "done"])

    def lit(self, at: datetime | None = None) -> Self:
        """On the board at ``at`` (None: now), with the light of that instant as ``lit``.

        A past light is the last transition that took effect by then; a task without one was not
        on the board yet, and one whose last transition led to no light had been taken off.
        """
        if at is None:
            return self.on_board().annotate(lit=F("light"))
        transitions = self.model._meta.get_field("transitions").related_model
        # Found for all tasks in one pass and joined: asking task by task took ten times as long.
        last = (
            transitions._default_manager.filter(effective_at__lte=at)
            .order_by("task_id", "-effective_at", "-number")
            .distinct("task_id")
        )
        then = self.filter(transitions__in=last.values("pk"))
        return then.annotate(
            lit=F("transitions__to_light"), lit_since=F("transitions__effective_at")
        ).exclude(lit="")

    def with_light(self, *lights: str) -> Self:
        """Of these colours; call ``lit(at)`` first for a past instant."""
        column = "lit" if "lit" in self.query.annotations else "light"
        return self.filter(**{f"{column}__in": lights})

    def by_severity(self) -> Self:
        """Red, yellow, then green and grey alike, then done; within each the most pressing first.

        What presses may be a product whose own date is earlier than the task's. At a past instant
        (``lit(at)``) it is what had been so for the longest time: dates may have moved since.
        """
        column = "lit" if "lit" in self.query.annotations else "light"
        whens = [When(**{column: light}, then=Value(rank)) for light, rank in SEVERITY.items()]
        rank = Case(*whens, default=Value(4), output_field=IntegerField())
        past = "lit_since" in self.query.annotations
        presses = F("lit_since") if past else Coalesce("presses_at", "deadline")
        return self.annotate(severity=rank).order_by("severity", presses, "pk")

    def plain(self) -> Self:
        """Neither secret nor about persons: their words may leave the screen of their reader."""
        return self.filter(level__lte=Secrecy.INTERNAL, sensitivity=Sensitivity.NORMAL)

    def overdue(self, at: datetime) -> Self:
        """Active and past the task's own deadline."""
        return self.active().filter(deadline__lte=at)

    def due_for_sweep(self, at: datetime) -> Self:
        """Active rows whose stored light may be stale at ``at``; a closed campaign stands still."""
        return self.active().filter(next_change_at__lte=at, campaign__closed_at=None)

    def owned_by(self, user: User) -> Self:
        return self.filter(owner=user)


class Task(Protected):
    """One thing to be done (việc), clear six times.

    Work: ``title``; person: ``owner``; responsibility; process; time: ``start``, ``deadline``;
    product: at least one ``Product``. ``unit`` is the one lead unit. The row holds what was
    agreed; what happened lies in facts (reports, submissions, acceptances, revisions).

    ``deadline`` is the instant at which the time is over ("trước X" ends when X begins, a plain
    date when that day ends); ``deadline_text`` keeps the printed words. ``light``,
    ``next_change_at``, ``inputs_hash``, ``late_days`` and ``presses_at`` are a cache of
    ``campaign.rules.task_light`` and are written by ``campaign.services.lights`` only.
    """

    class Kind(models.TextChoices):
        GROUP = "group", _("Group task")
        WEEK = "week", _("Week task")
        MILESTONE = "milestone", _("Milestone")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Running")
        DONE = "done", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    view_action = "campaign.view"
    kind_name = _("Task")
    detail_url = "campaign:task_detail"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="tasks")
    code = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.TextField()
    focus = models.CharField(
        max_length=200, blank=True, help_text="heading of the week row, or the matrix cell's words"
    )
    group = models.ForeignKey(TaskGroup, on_delete=models.PROTECT, null=True, related_name="tasks")
    matrix_row = models.ForeignKey(
        MatrixRow, on_delete=models.PROTECT, null=True, related_name="tasks"
    )
    phase = models.ForeignKey(
        Phase, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    block = models.ForeignKey(Block, on_delete=models.PROTECT, null=True, related_name="tasks")
    # A draft whose lead nobody has named lies with the campaign's own unit until somebody does.
    lead_named = models.BooleanField(default=True)
    lead_scope = models.CharField(max_length=120, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_tasks"
    )
    responsibility = models.TextField(blank=True)
    process = models.TextField(blank=True)
    start = models.DateField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    deadline_text = models.CharField(max_length=80, blank=True)
    deadline_assumed = models.BooleanField(default=False)
    original_deadline = models.DateTimeField(null=True, blank=True)
    check_text = models.TextField(blank=True)
    risk = models.TextField(blank=True)
    handling = models.TextField(blank=True)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    done_at = models.DateTimeField(null=True, blank=True)
    # Counts changes of what was agreed: whoever saves an older one is shown both.
    version = models.PositiveIntegerField(default=1)

    light = models.CharField(max_length=6, choices=Light, blank=True)
    next_change_at = models.DateTimeField(null=True, blank=True)
    inputs_hash = models.CharField(max_length=32, blank=True)
    late_days = models.PositiveSmallIntegerField(default=0)
    presses_at = models.DateTimeField(null=True, blank=True)

    units = models.ManyToManyField(Unit, through="TaskUnit", related_name="+")

    objects = TaskQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(
        excluded_fields=[
            *("light", "next_change_at", "inputs_hash", "late_days", "presses_at", "version")
        ]
    )

    class Meta(Protected.Meta):
        ordering = ["campaign", "code"]
        indexes = [
            *Protected.Meta.indexes,
            models.Index(fields=["campaign", "state", "light"], name="task_light"),
            models.Index(fields=["owner", "state"], name="task_owner"),
            models.Index(fields=["next_change_at"], name="task_sweep", condition=Q(state="active")),
        ]
        constraints = [
            *Protected.Meta.constraints,
            models.UniqueConstraint(fields=["campaign", "code"], name="task_code_once"),
            # Together with the trigger of migration 0001 (one product at least, no collective
            # lead): nothing incomplete is ever active or done.
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"])
                | (
                    Q(owner__isnull=False, start__isnull=False, deadline__isnull=False)
                    & Q(lead_named=True)
                    & ~Q(title="")
                    & ~Q(responsibility="")
                    & ~Q(process="")
                ),
                name="task_active_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(state="done", done_at__isnull=False)
                | (~Q(state="done") & Q(done_at=None)),
                name="task_done_has_time",
            ),
            models.CheckConstraint(
                condition=Q(light="", state__in=["draft", "cancelled"])
                | Q(light="done", state="done")
                | (Q(state="active") & ~Q(light__in=["", "done"])),
                name="task_light_fits_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def placement(self) -> dict[str, object]:
        """Field values that put a row of its own kind where this task is: its files."""
        return {
            "unit_id": self.unit_id,
            "unit_path": self.unit_path,
            "level": self.level,
            "sensitivity": self.sensitivity,
        }

    @property
    def is_plain(self) -> bool:
        """What ``plain()`` selects, of one task."""
        return self.level <= Secrecy.INTERNAL and self.sensitivity == Sensitivity.NORMAL

    @property
    def lead_unit(self) -> Unit:
        """The one focal point (đầu mối)."""
        return self.unit


class TaskUnit(models.Model):
    """A unit that works along: coordinates, or leads a named part."""

    class Role(models.TextChoices):
        COORDINATES = "coordinates", _("Coordinates")
        CO_LEADS = "co_leads", _("Leads a part")

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="task_units")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Role, default=Role.COORDINATES)
    part = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["task", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "unit"], name="task_unit_once"),
            models.CheckConstraint(
                condition=~Q(role="co_leads") | ~Q(part=""), name="task_unit_part_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} ({self.get_role_display()})"


class TaskUserGrant(UserGrant):
    """A task opened to one person: the deputy head of its block."""

    content_object = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="user_grants")


class TaskUnitGrant(UnitGrant):
    """A task opened to a unit: one that coordinates or signs a product."""

    content_object = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="unit_grants")
