from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnitQuerySet(models.QuerySet["Unit"]):
    def under(self, unit: Unit) -> UnitQuerySet:
        """The unit itself and everything below it, as one index range."""
        return self.filter(path__gte=unit.path, path__lt=unit.path[:-1] + "0")


class Unit(models.Model):
    """A node of the one organisation tree: office, department, party committee or cell."""

    class Kind(models.TextChoices):
        ORGANISATION = "organisation", _("Organisation")
        OFFICE = "office", _("Department or office")
        LEADERSHIP = "leadership", _("Leadership")
        COMMITTEE = "committee", _("Party committee")
        CELL = "cell", _("Party cell")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OFFICE)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    # "/1/7/": ids from the root, with leading and trailing slash; see docs/adr/0002.
    path = models.CharField(max_length=255, unique=True, db_collation="C")
    collective = models.BooleanField(default=False)
    members = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="+")
    external = models.BooleanField(default=False)
    dissolved_on = models.DateField(null=True, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        constraints = [
            # Target of the composite foreign key that keeps every protected row's path true.
            models.UniqueConstraint(fields=["id", "path"], name="unit_id_path"),
            models.CheckConstraint(
                condition=models.Q(path__startswith="/") & models.Q(path__endswith="/"),
                name="unit_path_slashes",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def placement(self) -> dict[str, object]:
        """Field values that put a protected row in this unit: ``Model(**unit.placement)``."""
        return {"unit": self, "unit_path": self.path}

    def contains(self, path: str) -> bool:
        return path.startswith(self.path)
