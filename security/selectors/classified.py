"""Reads about secrecy levels: on what a level rests, and what is due to be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from security.models import (
    Classification,
    Protected,
    SecrecyApproval,
    User,
    protected_models,
)
from security.scope import may
from security.services.secrecy import CLASSIFY, DECLASSIFY

SHOWN = 100  # of one kind; what is beyond comes up when these are done


@dataclass(frozen=True)
class Due:
    """One row whose level is to be looked at again."""

    row: Protected
    url: str
    kind: str
    review_on: date
    legal_basis: str


def basis_of(row: Protected) -> Classification | None:
    """The decision on which this row's level rests: its own, else the standing one of its kind."""
    own = Q(object_id=row.pk, level=row.level)
    standing = Q(object_id=None, level__gte=row.level)
    return (
        Classification.objects.filter(own | standing, object_type=row._meta.label_lower)
        .select_related("classified_by", "approval")
        .order_by(F("object_id").asc(nulls_last=True), "-id")
        .first()
    )


def decisions_on(row: Protected) -> QuerySet[Classification]:
    """Every decision on this very row, the newest first."""
    found = Classification.objects.filter(object_type=row._meta.label_lower, object_id=row.pk)
    return found.select_related("classified_by", "approval").order_by("-id")


def standing_decisions() -> list[Classification]:
    """The newest standing decision of every kind, the next to be reviewed first."""
    newest = (
        Classification.objects.filter(kind=Classification.Kind.STANDING)
        .select_related("classified_by")
        .order_by("object_type", "-id")
        .distinct("object_type")
    )
    return sorted(newest, key=lambda one: (one.review_on, one.object_type))


def may_classify(user: User, row: Protected) -> bool:
    return may(user, CLASSIFY, row) or may(user, DECLASSIFY, row)


def due_for_review(user: User, until: date) -> list[Due]:
    """Rows of one's own whose review is due by then; what follows its holder is left to him."""
    found = [
        due for model in protected_models() if model.detail_url for due in _due(user, model, until)
    ]
    return sorted(found, key=lambda due: due.review_on)


def month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def approvals() -> QuerySet[SecrecyApproval]:
    """All approvals with the number of rows whose counting decision names them."""
    later = Classification.objects.filter(
        object_type=OuterRef("object_type"), object_id=OuterRef("object_id")
    ).order_by("-id")
    newest = Classification.objects.annotate(last=Subquery(later.values("pk")[:1])).filter(
        pk=F("last")
    )
    return (
        SecrecyApproval.objects.select_related("recorded_by", "withdrawn_by")
        .annotate(resting=Count("classifications", filter=Q(classifications__in=newest)))
        .order_by("-recorded_at")
    )


def _same_decision(model: type[Protected], parent: str) -> QuerySet[Classification]:
    """The decision on the holder with which this row's was taken."""
    holder: Any = model._meta.get_field(parent).related_model
    return Classification.objects.filter(
        object_type=holder._meta.label_lower,
        object_id=OuterRef(f"{parent}_id"),
        classified_at=OuterRef("decided_at"),
    )


def _due(user: User, model: type[Protected], until: date) -> Iterator[Due]:
    decisions = Classification.objects.filter(object_type=model._meta.label_lower)
    newest = decisions.filter(object_id=OuterRef("pk")).order_by("-id")
    rows = (
        model._default_manager.visible_to(user)
        .filter(pk__in=decisions.filter(review_on__lte=until).values("object_id"))
        .annotate(
            review_on=Subquery(newest.values("review_on")[:1]),
            legal_basis=Subquery(newest.values("legal_basis")[:1]),
            decided_at=Subquery(newest.values("classified_at")[:1]),
        )
        .filter(review_on__lte=until)
    )
    for parent in model.parents:
        rows = rows.exclude(Exists(_same_decision(model, parent)))
    for row in rows.order_by("review_on", "pk")[:SHOWN]:
        if may(user, CLASSIFY, row):
            url = reverse("security:classification", args=[model._meta.label_lower, row.pk])
            kind = str(model.kind_name or model._meta.verbose_name)
            yield Due(row, url, kind, row.review_on, row.legal_basis)
