"""Raising a secrecy level once more, after a backup of before the decision was restored.

The decision was taken by somebody who had the right to; only its effect was lost. So nobody's
rights are asked again, but everything else holds: ceiling, approval, what lies inside.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from security import audit
from security.levels import Secrecy
from security.models import Protected, User
from security.services.problems import check_level
from security.services.secrecy import (
    Basis,
    Decision,
    Kind,
    approval_for,
    carry,
    store_decision,
    what_moves_along,
)

# Somebody looks at it soon: the file and page that said why are lost.
REVIEW_WITHIN = timedelta(days=30)


@transaction.atomic
def raise_again(*, by: User, row: Protected, level: int, why: str, now: datetime) -> bool:
    """Put a row, and what lies in it, at least at this level; False where it is already.

    by: who had decided it. Raises RefusedError (above_ceiling, not_approved).
    """
    locked = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if locked.level >= level:
        return False
    check_level(level)
    today = timezone.localdate(now)
    basis = Basis(legal_basis=why, review_on=today + REVIEW_WITHIN, reason=why)
    along = what_moves_along(locked, level, lowered=False)
    approval = approval_for(level, today) if level >= Secrecy.CONFIDENTIAL else None
    decision = Decision(by, now, Kind.RAISED, level, basis, approval)
    before = locked.level
    store_decision([locked], decision)
    audit.record(
        "level.raised",
        actor=None,
        row=locked,
        fields=["level"],
        reason=f"{before} -> {level}; {why}",
    )
    carry(along, decision, because=locked)
    return True
