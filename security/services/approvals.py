"""Approvals of the owner for levels 2 and 3, and the standing decisions for what lies below."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import yaml
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from security import audit
from security.models import Classification, SecrecyApproval, User
from security.services.problems import Problem, RefusedError, check_action, check_level

APPROVE = "security.approve_secrecy"
STANDING_FILE = Path(__file__).parent.parent / "data" / "classification.yaml"
A_YEAR = timedelta(days=365)


@transaction.atomic
def record_approval(
    *,
    actor: User,
    level: int,
    number: str,
    date: date,
    approved_by_name: str,
    basis: str,
    cipher: str,
    now: datetime,
    valid_to: date | None = None,
) -> SecrecyApproval:
    """Record that this installation was approved for level 2 or 3, and with which cipher.

    Raises RefusedError: not_allowed, above_ceiling, not_approvable, text_missing, dates.
    """
    check_action(actor, APPROVE)
    check_level(level)
    today = timezone.localdate(now)
    problems = []
    if level not in (2, 3):
        problems.append(
            Problem("not_approvable", _("Only levels 2 and 3 need and take an approval."))
        )
    if not all(text.strip() for text in (number, approved_by_name, basis, cipher)):
        problems.append(
            Problem("text_missing", _("Give who approved it, number, basis and cipher."))
        )
    if date > today or (valid_to is not None and valid_to < max(date, today)):
        problems.append(Problem("dates", _("These dates are out of order.")))
    if problems:
        raise RefusedError(*problems)
    approval = SecrecyApproval.objects.create(
        level=level,
        number=number.strip(),
        date=date,
        approved_by_name=approved_by_name.strip(),
        basis=basis.strip(),
        cipher=cipher.strip(),
        valid_to=valid_to,
        recorded_by=actor,
        recorded_at=now,
    )
    _said("approval.recorded", actor, approval, f"level {level}; {approval.number}")
    return approval


@transaction.atomic
def withdraw_approval(
    *, actor: User, approval: SecrecyApproval, now: datetime, reason: str
) -> SecrecyApproval:
    """End an approval now: nothing new rests on it; what does stays named until it is reviewed."""
    check_action(actor, APPROVE)
    if not reason.strip():
        raise RefusedError(Problem("reason_missing", _("Say why the approval is withdrawn.")))
    approval = SecrecyApproval.objects.select_for_update(of=("self",)).get(pk=approval.pk)
    if approval.withdrawn_at is not None:
        raise RefusedError(Problem("withdrawn", _("This approval was withdrawn before.")))
    approval.withdrawn_by, approval.withdrawn_at = actor, now
    approval.save(update_fields=["withdrawn_by", "withdrawn_at"])
    _said("approval.withdrawn", actor, approval, reason)
    return approval


@transaction.atomic
def load_standing(*, now: datetime) -> int:
    """Make the standing decisions of classification.yaml that do not exist yet; how many."""
    known = set(
        Classification.objects.filter(kind=Classification.Kind.STANDING).values_list(
            "object_type", flat=True
        )
    )
    said = yaml.safe_load(STANDING_FILE.read_text("utf-8"))
    made = Classification.objects.bulk_create(
        Classification(
            kind=Classification.Kind.STANDING,
            object_type=kind,
            level=entry["level"],
            legal_basis=entry["legal_basis"],
            reason=entry["reason"],
            classified_at=now,
            review_on=timezone.localdate(now) + A_YEAR,
        )
        for entry in said
        for kind in entry["kinds"]
        if kind not in known
    )
    return len(made)


def _said(event: str, actor: User, approval: SecrecyApproval, reason: str) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.secrecyapproval",
        object_id=approval.pk,
        reason=reason,
    )
