"""What one person does with his notices: read, set aside, choose by which way they come."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from dashboard.models import Notice, NoticeChoice, NoticeHours, Way
from dashboard.notices import rules
from dashboard.notices.letterbox import lock, move_waiting, take_out
from security import audit
from security.models import User


def mark_read(*, user: User, notices: QuerySet[Notice], now: datetime) -> int:
    """Mark one's own notices as read."""
    return notices.filter(user=user, read_at=None).update(read_at=now)


def mark_unread(*, user: User, notices: QuerySet[Notice]) -> int:
    """Put one's own notices back among the unread ones."""
    return notices.filter(user=user).exclude(read_at=None).update(read_at=None)


@transaction.atomic
def choose(*, user: User, ways: dict[str, str], hours: rules.Hours, now: datetime) -> None:
    """Keep what somebody wants to be told by which way, and when; letters that wait follow."""
    lock(user)
    for kind, way in ways.items():
        NoticeChoice.objects.update_or_create(user=user, kind=kind, defaults={"way": Way(way)})
    NoticeHours.objects.update_or_create(
        user=user,
        defaults={
            "digest_at": hours.digest_at,
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
        },
    )
    silent = [kind for kind in ways if rules.chosen_way(kind, ways) in rules.WITHOUT_MAIL]
    take_out(user=user, kinds=silent)
    move_waiting(user=user, hours=hours, now=now)
    audit.record(
        "notice.choices_set", actor=user, object_type="security.user", object_id=user.pk,
        fields=sorted(ways),
    )  # fmt: skip
