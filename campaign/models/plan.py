"""The campaign and what its plan prints: weeks, groups, matrix rows, blocks, lines, briefings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from security.models import Unit, User


class Campaign(models.Model):
    """A plan with a beginning and an end.

    ``reference``: sections of the plan that are read, not computed with (principles, governance,
    reporting regime, ticket form …), as the plan file gives them.
    ``loaded``: what the plan file said at the last load, by key; loading again compares with it,
    so that a value changed by people is told from a value changed in the file.
    """

    code = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    document_number = models.CharField(max_length=60, blank=True)
    document_date = models.DateField(null=True, blank=True)
    issuer = models.CharField(max_length=200, blank=True)
    start = models.DateField()
    end = models.DateField(help_text="last day, included")
    reference = models.JSONField(default=dict, blank=True)
    loaded = models.JSONField(default=dict, blank=True)
    # A closed campaign stays readable and takes no more writes.
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-start", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="campaign_dates"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def days(self) -> int:
        """Calendar days, both ends included (the first plan prints 45 and has 47)."""
        return (self.end - self.start).days + 1

    def day_number(self, day: date) -> int:
        """1 on the first day; 0 or less before, above ``days`` after the end."""
        return (day - self.start).days + 1


class PlanPart(models.Model):
    """A numbered part of a campaign's plan."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="%(class)ss")
    no = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True
        ordering = ["campaign", "no"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "no"], name="%(class)s_no_once"),
        ]


LONGER_THAN_A_WEEK = 31  # days; a roadmap has periods of months or years


def span_label(start: date, end: date) -> str:
    """ "05–11/6" or "29/5–04/6": computed from the dates, never copied from the print.

    A period of months is "4–12/2026", a whole year "2027".
    """
    if (end - start).days > LONGER_THAN_A_WEEK:
        return _months_label(start, end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:%d}–{end:%d}/{end.month}"
    return f"{start:%d}/{start.month}–{end:%d}/{end.month}"


def _months_label(start: date, end: date) -> str:
    if start.year != end.year:
        return f"{start.month}/{start.year}–{end.month}/{end.year}"
    if (start.month, end.month) == (1, 12):
        return f"{start.year}"
    return f"{start.month}–{end.month}/{end.year}"


class Phase(PlanPart):
    """A week of the plan (section VI), Friday to Thursday, the last one may be shorter; or, in a
    roadmap, a period of months or years."""

    start = models.DateField()
    end = models.DateField(help_text="last day, included")

    class Meta(PlanPart.Meta):
        constraints = [
            *PlanPart.Meta.constraints,
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="phase_dates"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_week(self) -> bool:
        """Whether people call it a week; a roadmap's parts are periods."""
        return (self.end - self.start).days <= LONGER_THAN_A_WEEK

    @property
    def name(self) -> str:
        return (_("Week %(no)s") if self.is_week else _("Period %(no)s")) % {"no": self.no}

    @property
    def label(self) -> str:
        return f"{self.name} ({self.span})"

    @property
    def span(self) -> str:
        return span_label(self.start, self.end)


class TaskGroup(PlanPart):
    """One of the groups of tasks (section V)."""

    name = models.CharField(max_length=160)

    class Meta(PlanPart.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.no}. {self.name}"


class Block(PlanPart):
    """A responsibility block led by one deputy head (Appendix 1)."""

    name = models.CharField(max_length=160)
    in_charge = models.CharField(max_length=160, help_text="post as printed")
    deputy = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks"
    )
    tasks_text = models.TextField(blank=True)
    products = models.JSONField(default=list, blank=True)
    standing_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    checkpoints = models.JSONField(default=list, blank=True)

    class Meta(PlanPart.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.no}. {self.name}"


class MatrixRow(PlanPart):
    """A row of the progress matrix (section VII); its cells are the milestone tasks."""

    name = models.CharField(max_length=160)
    final_product = models.CharField(max_length=200, blank=True)

    class Meta(PlanPart.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.no}. {self.name}"


class SupportLine(PlanPart):
    """A line of support (Appendix 3) with its answering times in hours, by the clock."""

    name = models.CharField(max_length=120)
    members = models.JSONField(default=list, blank=True)
    tasks_text = models.TextField(blank=True)
    response_text = models.CharField(max_length=200, blank=True)
    hours = models.PositiveSmallIntegerField()
    hours_many_units = models.PositiveSmallIntegerField(null=True, blank=True)
    trace = models.JSONField(default=list, blank=True)
    escalates_to = models.PositiveSmallIntegerField(null=True, blank=True)
    escalates_when = models.TextField(blank=True)
    returns_to = models.JSONField(default=list, blank=True)

    class Meta(PlanPart.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.no}. {self.name}"


class Briefing(models.Model):
    """A campaign briefing (giao ban); the closing one takes stock of the whole campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="briefings")
    day = models.DateField()
    closing = models.BooleanField(default=False)

    class Meta:
        ordering = ["campaign", "day"]
        constraints = [
            # Looked at when the transaction ends: a shifted plan moves all of them at once.
            models.UniqueConstraint(
                fields=["campaign", "day"],
                name="briefing_day_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"


class Process(models.Model):
    """A business process to be standardised (Appendix 4): priority list and extended tree."""

    class Catalogue(models.TextChoices):
        PRIORITY = "priority", gettext_lazy("Priority")
        EXTENDED = "extended", gettext_lazy("Extended")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="processes")
    catalogue = models.CharField(max_length=10, choices=Catalogue)
    number = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    note = models.CharField(max_length=300, blank=True)
    products = models.JSONField(default=list, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )

    class Meta:
        ordering = ["campaign", "catalogue", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "catalogue", "number"], name="process_number_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class LightPolicyQuerySet(models.QuerySet["LightPolicy"]):
    def in_force(self, at: Any) -> LightPolicyQuerySet:
        return self.filter(valid_from__lte=at).order_by("-valid_from")


class LightPolicy(models.Model):
    """Thresholds of the lights from an instant on; a later row replaces an earlier one."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="policies")
    valid_from = models.DateTimeField()
    warning_days = models.PositiveSmallIntegerField(default=3)
    behind_points = models.PositiveSmallIntegerField(default=20)
    set_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    objects = LightPolicyQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "valid_from"], name="light_policy_from_once"
            ),
            models.CheckConstraint(condition=Q(behind_points__lte=100), name="light_policy_points"),
        ]

    def __str__(self) -> str:
        return f"{self.warning_days} d, {self.behind_points} pt"
