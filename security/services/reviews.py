"""Access reviews: somebody looks at every role on a unit and below and says who still needs it.

A reviewer ends a role although he may not end roles otherwise: taking away through a review is
always safe, nobody can touch his own role this way, and the trail says which review it was.
Giving stays with the administrators.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from security import audit
from security.models import AccessReview, ReviewItem, RoleGrant, Unit, User
from security.scope import may
from security.search import folded_field
from security.services.problems import Problem, RefusedError, check_action

REVIEW = "security.review_access"
OPEN = "security.approve_access"
AT_ONCE = 2000
Verdict = ReviewItem.Verdict


@transaction.atomic
def open_review(
    *, actor: User, title: str, unit: Unit, due_on: date, now: datetime
) -> AccessReview:
    """Ask about every role in force on ``unit`` and below, until the end of ``due_on``."""
    check_action(actor, REVIEW, unit)
    check_action(actor, OPEN, unit)
    if due_on < localdate(now):
        raise RefusedError(Problem("dates", _("The day is already past.")))
    grants = RoleGrant.objects.in_force(now).filter(unit__in=Unit.objects.under(unit))
    # Written in the order in which they are read: person by person.
    asked = list(
        grants.order_by(folded_field("user__full_name"), "user_id", "id").values_list(
            "id", "user_id"
        )
    )
    if not asked:
        raise RefusedError(Problem("nothing", _("Nobody holds a role there.")))
    review = AccessReview.objects.create(
        title=title.strip(), unit=unit, opened_by=actor, opened_at=now, due_on=due_on
    )
    ReviewItem.objects.bulk_create(
        (ReviewItem(review=review, grant_id=grant, holder_id=holder) for grant, holder in asked),
        batch_size=AT_ONCE,
    )
    _write_down("review.opened", actor, review)
    return review


@transaction.atomic
def decide(
    *, actor: User, item: ReviewItem, verdict: str, note: str = "", now: datetime
) -> ReviewItem:
    """Confirm a role or end it at once. A confirmation can still become an end, never the reverse.

    verdict: ``keep`` or ``end``.
    """
    review = AccessReview.objects.select_for_update(no_key=True).get(pk=item.review_id)
    item = ReviewItem.objects.select_for_update().get(pk=item.pk)
    grant = (
        RoleGrant.objects.select_for_update(of=("self",))
        .select_related("unit")
        .get(pk=item.grant_id)
    )
    check_action(actor, REVIEW, grant.unit)
    if verdict not in {Verdict.KEEP, Verdict.END}:
        raise RefusedError(Problem("verdict", _("Say whether the role is still needed.")))
    if actor.pk == item.holder_id:
        raise RefusedError(Problem("own_role", _("Nobody can review his own role.")))
    if review.closed_at is not None:
        raise RefusedError(Problem("closed", _("This review is signed off.")))
    if item.verdict not in {Verdict.OPEN, Verdict.KEEP} or item.verdict == verdict:
        raise RefusedError(Problem("decided", _("This was decided already.")))
    item.verdict, item.note = verdict, note.strip()
    item.decided_by, item.decided_at = actor, now
    item.save(update_fields=["verdict", "note", "decided_by", "decided_at"])
    if verdict == Verdict.END and (grant.valid_to is None or grant.valid_to > now):
        _end(actor, grant, review, now)
    audit.record(
        "review.decided",
        actor=actor,
        object_type="security.rolegrant",
        object_id=grant.pk,
        fields=["verdict"],
        reason=f"access review {review.pk}: {verdict}",
    )
    return item


@transaction.atomic
def close_review(*, actor: User, review: AccessReview, note: str, now: datetime) -> AccessReview:
    """Sign a review off. Refused while a role that is still in force has no verdict."""
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    check_action(actor, REVIEW, review.unit)
    check_action(actor, OPEN, review.unit)
    if review.closed_at is not None:
        raise RefusedError(Problem("closed", _("This review is signed off.")))
    waiting = review.items.filter(
        verdict=Verdict.OPEN, grant__in=RoleGrant.objects.unended(now)
    ).count()
    if waiting:
        said = ngettext(
            "%(n)d role has no verdict yet.", "%(n)d roles have no verdict yet.", waiting
        )
        raise RefusedError(Problem("open_items", said % {"n": waiting}))
    review.closed_by, review.closed_at, review.closing_note = actor, now, note.strip()
    review.save(update_fields=["closed_by", "closed_at", "closing_note"])
    _write_down("review.closed", actor, review)
    return review


def may_sign_off(user: User, review: AccessReview) -> bool:
    """Whether this person opens and closes reviews of that unit."""
    return may(user, REVIEW, review.unit) and may(user, OPEN, review.unit)


def _end(actor: User, grant: RoleGrant, review: AccessReview, now: datetime) -> None:
    grant.valid_to = max(now, grant.valid_from)
    grant.save(update_fields=["valid_to"])
    audit.record(
        "role.ended",
        actor=actor,
        object_type="security.rolegrant",
        object_id=grant.pk,
        fields=["valid_to"],
        reason=f"access review {review.pk}",
    )


def _write_down(event: str, actor: User, review: AccessReview) -> None:
    audit.record(event, actor=actor, object_type="security.accessreview", object_id=review.pk)
