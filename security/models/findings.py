from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class FileFindingQuerySet(models.QuerySet["FileFinding"]):
    def open(self) -> FileFindingQuerySet:
        return self.filter(mended_at=None)


class FileFinding(models.Model):
    """A stored file that a check found not to be what was received; open until it is whole again.

    Numbers alone: of which table ``number`` is a row says ``kind``, and whoever may see that row
    finds out the rest there.
    """

    class State(models.TextChoices):
        DAMAGED = "damaged", _("damaged")
        MISSING = "missing", _("missing")
        NO_KEY = "no_key", _("its key is missing")

    kind = models.CharField(max_length=20)
    number = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="when it was last found so")
    mended_at = models.DateTimeField(null=True)

    objects = FileFindingQuerySet.as_manager()

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "number"],
                condition=Q(mended_at=None),
                name="filefinding_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["damaged", "missing", "no_key"]), name="filefinding_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.kind} {self.number}"
