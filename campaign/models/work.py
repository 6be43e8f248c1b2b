"""Work around a task: links, comments, attached files, requested deadlines, hand-overs."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaign.models.products import Submission
from campaign.models.tasks import Task
from security.models import StoredFile, Unit, User
from security.scope import visible_q


class TaskLink(models.Model):
    """One task stands in a relation to another one of the same campaign.

    DEPENDS_ON: ``task`` cannot end before ``other`` has (drawn on the timeline; loops are refused
    by the service). TECHNICAL_PART: ``other`` is the technical side of ``task``, led by another
    unit (section II: business and technical content may have different leads). SPLIT_FROM:
    ``task`` was taken out of ``other``. CARRIED_FROM: ``task`` goes on with what ``other`` left.
    """

    class Kind(models.TextChoices):
        DEPENDS_ON = "depends_on", _("Depends on")
        TECHNICAL_PART = "technical_part", _("Technical part")
        SPLIT_FROM = "split_from", _("Split from")
        CARRIED_FROM = "carried_from", _("Carried over from")

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=16, choices=Kind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["task", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "other", "kind"], name="task_link_once"),
            models.CheckConstraint(condition=~Q(task=F("other")), name="task_link_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.kind} {self.other_id}"


class Comment(models.Model):
    """A remark on a task. Kept for ever; its author may withdraw it, which hides the words."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    mentions = models.ManyToManyField(User, blank=True, related_name="mentioned_in")

    class Meta:
        ordering = ["task", "at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} #{self.pk}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> Self:
        """A file is seen by whoever sees its task; its own level is asked when it is opened."""
        return self.filter(visible_q(user, Task, "task__"))

    def kept(self) -> Self:
        return self.filter(removed_at=None)


class Attachment(models.Model):
    """A file of a task: its own, of one progress report or of one hand-in.

    ``stored`` lies in the task's unit and level. Removing hides it; the bytes stay as evidence.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attachments")
    report = models.ForeignKey(
        "campaign.ProgressReport",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
    )
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments"
    )
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=160)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["task", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(report=None) | Q(submission=None), name="attachment_one_place"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="attachment_named"),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None)
                | (Q(removed_at__isnull=False) & Q(removed_by__isnull=False)),
                name="attachment_removed_by_somebody",
            ),
            # Evidence of a hand-in is not taken back.
            models.CheckConstraint(
                condition=Q(submission=None) | Q(removed_at=None), name="attachment_evidence_stays"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeadlineRequest(models.Model):
    """Somebody who works on a task asks for another deadline; a leader decides."""

    class Decision(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="deadline_requests")
    old = models.DateTimeField()
    new = models.DateTimeField()
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    decision = models.CharField(max_length=9, choices=Decision, default=Decision.WAITING)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["task", "-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(decision="waiting"),
                name="deadline_request_one_waiting",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="deadline_request_has_reason"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="deadline_request_moves"),
            models.CheckConstraint(
                condition=Q(decision="waiting", decided_at=None, decided_by=None)
                | (~Q(decision="waiting") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="deadline_request_decided",
            ),
            models.CheckConstraint(
                condition=~Q(decision="refused") | ~Q(decision_reason=""),
                name="deadline_request_refusal_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(decision="approved") | ~Q(decided_by=F("by")),
                name="deadline_request_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.new:%d/%m}, {self.decision}"


class HandOver(models.Model):
    """The owner or the lead unit of a running task changed, with its reason."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="hand_overs")
    from_owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    to_owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    from_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    to_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["task", "at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="hand_over_has_reason"),
            models.CheckConstraint(
                condition=~Q(from_owner=F("to_owner")) | ~Q(from_unit=F("to_unit")),
                name="hand_over_changes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.from_owner_id} → {self.to_owner_id}"
