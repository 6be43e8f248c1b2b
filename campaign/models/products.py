"""What a task delivers, how it is handed in and accepted."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from campaign.models.tasks import Task
from security.models import Unit, User
from security.scope import visible_q


class Grade(models.TextChoices):
    """Outcome of an acceptance (section VI, week 7)."""

    A = "A", _("A – as asked")
    B = "B", _("B – usable, with remedies")
    C = "C", _("C – not accepted")


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: User) -> Self:
        """A product is seen by whoever sees its task."""
        return self.filter(visible_q(user, Task, "task__"))

    def mandatory(self) -> Self:
        """On the plan's checklist (section VIII)."""
        return self.exclude(checklist_code="")

    def awaiting(self) -> Self:
        """Handed in and not yet graded: the newest submission has no acceptance."""
        return self.filter(Q(submissions__isnull=False), submissions__acceptance=None).distinct()


class Product(models.Model):
    """One product of a task; the 14 mandatory ones carry their code of section VIII.

    ``deadline`` is None where the product shares its task's deadline. ``criteria`` is a list of
    texts, each checkable on its own.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="products")
    position = models.PositiveSmallIntegerField()
    checklist_code = models.CharField(max_length=10, blank=True)
    checklist_no = models.CharField(max_length=10, blank=True, help_text="number as printed")
    title = models.TextField()
    criteria = models.JSONField(default=list, blank=True)
    signing_units = models.ManyToManyField(Unit, blank=True, related_name="+")
    signing_text = models.CharField(max_length=160, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    deadline_text = models.CharField(max_length=80, blank=True)
    note = models.TextField(blank=True)

    objects = ProductQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["task", "position"]
        constraints = [
            models.UniqueConstraint(fields=["task", "position"], name="product_position_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """Short name for reasons and messages: S5, or the task's code and position."""
        return self.checklist_code or f"{self.task.code}/{self.position}"


class ProductRevision(models.Model):
    """The date of one product moved, with its reason and approver; ``old`` of the first is the
    original."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="revisions")
    old = models.DateTimeField()
    new = models.DateTimeField()
    reason = models.TextField()
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["product", "at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="product_revision_has_reason"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="product_revision_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.old:%d/%m} → {self.new:%d/%m}"


class Submission(models.Model):
    """A product handed in, round by round. ``unit``: the submitter's unit at that moment.

    ``criteria``: ``[{"criterion": text as it stood then, "statement": what was done}, …]``.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="submissions")
    round = models.PositiveSmallIntegerField()
    statement = models.TextField()
    criteria = models.JSONField(default=list, blank=True)
    link = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["product", "round"]
        constraints = [
            models.UniqueConstraint(fields=["product", "round"], name="submission_round_once"),
            # Target of the composite foreign key that ties an acceptance to the submitter's unit.
            models.UniqueConstraint(fields=["id", "unit"], name="submission_id_unit"),
            models.CheckConstraint(condition=~Q(statement=""), name="submission_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} #{self.round}"


class Acceptance(models.Model):
    """The grade of one submission, given by another unit than the one that handed it in.

    ``criteria``: ``[{"criterion": text, "met": true or false, "note": why not}, …]`` in the order
    of the submission.
    """

    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, related_name="acceptance"
    )
    submitting_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(max_length=1, choices=Grade)
    criteria = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)
    remediate_until = models.DateTimeField(
        null=True, blank=True, help_text="instant at which the time for remedies is over"
    )
    remediate_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["submission"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(unit=F("submitting_unit")), name="acceptance_by_another_unit"
            ),
            models.CheckConstraint(condition=Q(grade__in=["A", "B", "C"]), name="acceptance_grade"),
            models.CheckConstraint(
                condition=Q(grade="A", remediate_until=None, remediate_by=None)
                | Q(
                    grade__in=["B", "C"],
                    remediate_until__isnull=False,
                    remediate_by__isnull=False,
                ),
                name="acceptance_remedies",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.grade}"
