"""Reads of access reviews: which ones somebody takes part in, and what he is asked there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from security.actions import LABELS
from security.models import AccessReview, ReviewItem, RoleGrant, RolePermission, User
from security.selectors.tree import units_where

REVIEW = "security.review_access"
ITEMS_AT_ONCE = 60
OPEN = ReviewItem.Verdict.OPEN


@dataclass(frozen=True)
class Progress:
    """A review as one reader sees it: how many of *his* items are decided.

    A role that ended by itself meanwhile needs no verdict and counts as settled.
    """

    review: AccessReview
    total: int
    settled: int
    is_whole: bool

    def late(self, today: date) -> bool:
        return self.review.closed_at is None and self.review.due_on < today

    @property
    def waiting(self) -> int:
        return self.total - self.settled


@dataclass(frozen=True)
class Held:
    """The roles of one person in a review."""

    holder: User
    items: list[ReviewItem]


def items_for(user: User) -> QuerySet[ReviewItem]:
    """Items of all reviews on whose unit this user reviews; decided or not."""
    return ReviewItem.objects.filter(grant__unit__in=units_where(user, REVIEW))


def reviews_for(user: User, at: datetime) -> list[Progress]:
    """Reviews with an item for this reader: open ones by their due date, then the closed."""
    waits = Q(verdict=OPEN) & Q(grant__in=RoleGrant.objects.unended(at))
    counted = {
        row["review"]: (row["total"], row["waiting"])
        for row in items_for(user)
        .order_by()
        .values("review")
        .annotate(total=Count("pk"), waiting=Count("pk", filter=waits))
    }
    whole = set(
        units_where(user, REVIEW).filter(pk__in=_units_of(counted)).values_list("pk", flat=True)
    )
    reviews = AccessReview.objects.filter(pk__in=counted).select_related(
        "unit", "opened_by", "closed_by"
    )
    found = [
        Progress(
            one, counted[one.pk][0], counted[one.pk][0] - counted[one.pk][1], one.unit_id in whole
        )
        for one in reviews
    ]
    return sorted(
        found, key=lambda one: (one.review.closed_at is not None, one.review.due_on, one.review.pk)
    )


def _units_of(reviews: dict[int, tuple[int, int]]) -> QuerySet[AccessReview, int]:
    return AccessReview.objects.filter(pk__in=reviews).values_list("unit_id", flat=True)


def shown(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    """With all that a row shows, in one query and one more for what the roles allow."""
    allowed = RolePermission.objects.filter(allowed=True).order_by("action")
    return (
        items.select_related(
            "holder",
            "holder__unit",
            "decided_by",
            "grant__role",
            "grant__unit",
            "grant__granted_by",
        )
        .prefetch_related(
            Prefetch("grant__role__permissions", queryset=allowed, to_attr="allowed_actions")
        )
        .order_by("pk")
    )


def page_of_people(
    user: User, review: AccessReview, at: datetime, *, only_open: bool, number: int
) -> tuple[Page[int], list[Held]]:
    """A page of the reader's items, grouped by person."""
    rows = items_for(user).filter(review=review)
    if only_open:
        rows = rows.filter(verdict=OPEN, grant__in=RoleGrant.objects.unended(at))
    # The items were written person by person, in the order of names (open_review).
    numbers = rows.order_by("pk").values_list("pk", flat=True)
    page = Paginator(numbers, ITEMS_AT_ONCE).get_page(number)
    return page, grouped(list(shown(ReviewItem.objects.filter(pk__in=list(page.object_list)))))


def grouped(items: list[ReviewItem]) -> list[Held]:
    return [
        Held(held[0].holder, held)
        for held in (list(part) for _key, part in groupby(items, key=lambda item: item.holder_id))
    ]


def in_words(item: ReviewItem) -> list[str]:
    """What the role of an item allows, as ``shown`` has read it."""
    actions = [one.action for one in item.grant.role.allowed_actions]  # type: ignore[attr-defined]
    return [str(LABELS.get(action, action)) for action in actions]
