"""Notices to people: what became known, to whom it was told, by which way and when."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaign.models import Task
from security.models import User
from security.scope import visible_q


class NoticeKind(models.TextChoices):
    """What a notice is about; each kind has a way of its own unless its reader chose another."""

    TURNED_RED = "turned_red", _("A task turned red")
    LAGGING = "lagging", _("A task lags behind its plan")
    TURNED_YELLOW = "turned_yellow", _("A task turned yellow")
    TURNED_BETTER = "turned_better", _("A task recovered or is done")
    MENTIONED = "mentioned", _("Somebody mentioned me")
    GIVEN = "given", _("A task was given to me")
    DECIDED = "decided", _("A decision on my request or hand-in")
    TO_DECIDE = "to_decide", _("Something waits for my decision")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """One's own notices of tasks one may still see."""
        return self.filter(Q(task=None) | visible_q(user, Task, "task__"), user=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notice(models.Model):
    """One event told to one person, once ever (``event``).

    event: ``transition:123``, ``comment:45`` …; no names, no facts. ``due_at``: when it came to
    be, ``created_at``: when it was found; they differ after a stop of the clock.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    event = models.CharField(max_length=60)
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, null=True, blank=True, related_name="notices"
    )
    said = models.JSONField(default=dict, blank=True, help_text="codes and numbers, never names")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notice_inbox"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="notice_once_ever"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.user_id}"


class ToldEvent(models.Model):
    """A fact that notices were made of, also where it concerned nobody; the lock between two clocks."""

    key = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.key


class Way(models.TextChoices):
    """How a notice reaches its reader. The inbox always has it, unless it is OFF."""

    OFF = "off", _("Not at all")
    INBOX = "inbox", _("In the inbox alone")
    DIGEST = "digest", _("In the daily e-mail")
    AT_ONCE = "at_once", _("By e-mail at once")


class NoticeChoice(models.Model):
    """The way one person chose for one kind of notice."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    way = models.CharField(max_length=8, choices=Way)

    class Meta:
        ordering = ["user", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="notice_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}: {self.way}"


class NoticeHours(models.Model):
    """When one person wants his digest, and the quiet hours without any e-mail."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notice_hours")
    digest_at = models.TimeField(default="07:00")
    quiet_from = models.TimeField(default="21:00")
    quiet_until = models.TimeField(default="06:30")

    class Meta:
        ordering = ["user"]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.quiet_from}–{self.quiet_until}"


class Delivery(models.Model):
    """One e-mail to one person, at most once handed to the mail server (docs/adr/0027).

    It is claimed (``SENDING``) in a transaction of its own before it is sent. A claim that nobody
    finished is ``UNSURE``: it may have left, and only a person sends it again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        SKIPPED = "skipped", _("Not needed any more")
        FAILED = "failed", _("Failed")
        UNSURE = "unsure", _("May have been sent")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="deliveries")
    way = models.CharField(max_length=8, choices=Way)
    # The day of a digest, or the notice told at once: no second e-mail for either.
    subject_key = models.CharField(max_length=60)
    notices = models.ManyToManyField(Notice, related_name="deliveries")
    not_before = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-not_before", "-pk"]
        indexes = [
            models.Index(
                fields=["not_before"], name="delivery_waiting", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["claimed_at"], name="delivery_claimed", condition=Q(state="sending")
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "way", "subject_key"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at=None)),
                name="delivery_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_key} → {self.user_id}: {self.state}"


class CalendarFeed(models.Model):
    """A private address of one's deadlines and checkpoints; kept as a hash, shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="calendar_feeds")
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The read that last left a line on the trail: one an hour.
    traced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="calendar_feed_one_open"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")),
                name="calendar_feed_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.created_at:%d/%m/%Y}"
