from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Confidence(models.TextChoices):
    HIGH = "high", _("Official figure or two sources")
    MEDIUM = "medium", _("One source")
    LOW = "low", _("To be confirmed")


class CodeList(models.Model):
    """A list of codes that forms choose from; the shipped ones are records/data/code_lists.yaml."""

    code = models.SlugField(primary_key=True)
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.CharField(max_length=6, choices=Confidence, default=Confidence.MEDIUM)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CodeItem(models.Model):
    """One code with its days of validity: units, levels and codes changed three times since 2025.

    ``extra`` holds what only this list has (a province's former codes, a badge's multiple, whether
    a status counts in the strength of the unit).
    """

    code_list = models.ForeignKey(CodeList, on_delete=models.CASCADE, related_name="items")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=160)
    position = models.PositiveSmallIntegerField(default=0)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    confidence = models.CharField(max_length=6, choices=Confidence, default=Confidence.MEDIUM)
    extra: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        ordering = ["code_list", "position", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["code_list", "code", "valid_from"],
                nulls_distinct=False,
                name="code_item_once",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from=None) | Q(valid_to__gte=F("valid_from")),
                name="code_item_dates",
            ),
            models.CheckConstraint(condition=~Q(code=""), name="code_item_has_code"),
        ]

    def __str__(self) -> str:
        return self.name
