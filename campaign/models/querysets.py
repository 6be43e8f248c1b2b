"""Adjectives of tasks and products. Every number on a screen counts one of these sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from security.models import User
from security.models.protected import ProtectedQuerySet
from security.scope import visible_q


class Light(models.TextChoices):
    """Colour of a task: computed by ``campaign.rules.task_light``, never typed."""

    RED = "red", _("Red")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    GREY = "grey", _("Not due yet")
    DONE = "done", _("Done")


SEVERITY = {Light.RED: 0, Light.YELLOW: 1, Light.GREEN: 2, Light.GREY: 2, Light.DONE: 3}


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
        last = (
            transitions._default_manager.filter(task=OuterRef("pk"), effective_at__lte=at)
            .order_by("-effective_at", "-number")
            .values("to_light")[:1]
        )
        return self.annotate(lit=Subquery(last)).exclude(lit=None).exclude(lit="")

    def with_light(self, *lights: str) -> Self:
        """Of these colours; call ``lit(at)`` first for a past instant."""
        column = "lit" if "lit" in self.query.annotations else "light"
        return self.filter(**{f"{column}__in": lights})

    def by_severity(self) -> Self:
        """Red, yellow, then green and grey alike, then done; earlier deadlines first."""
        column = "lit" if "lit" in self.query.annotations else "light"
        whens = [When(**{column: light}, then=Value(rank)) for light, rank in SEVERITY.items()]
        rank = Case(*whens, default=Value(4), output_field=IntegerField())
        return self.annotate(severity=rank).order_by("severity", "deadline", "pk")

    def overdue(self, at: datetime) -> Self:
        """Active and past the task's own deadline."""
        return self.active().filter(deadline__lte=at)

    def due_for_sweep(self, at: datetime) -> Self:
        """Active rows whose stored light may be stale at ``at``."""
        return self.active().filter(next_change_at__lte=at)

    def owned_by(self, user: User) -> Self:
        return self.filter(owner=user)

    def of_unit(self, code: str) -> Self:
        return self.filter(unit__code=code)


class ProductQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """A product is seen by whoever sees its task."""
        task = self.model._meta.get_field("task").related_model
        return self.filter(visible_q(user, task, "task__"))

    def mandatory(self) -> Self:
        """On the plan's checklist (section VIII)."""
        return self.exclude(checklist_code="")

    def awaiting(self) -> Self:
        """Handed in and not yet graded: the newest submission has no acceptance."""
        return self.filter(Q(submissions__isnull=False), submissions__acceptance=None).distinct()
