"""Opening and closing whole campaigns."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Campaign
from campaign.rules import end_of
from campaign.services.access import refuse
from campaign.services.agreeing import MANAGE
from security import audit
from security.models import User
from security.services import check_action


@transaction.atomic
def close_campaign(*, actor: User, campaign: Campaign, reason: str, now: datetime) -> Campaign:
    """End a campaign: it stays readable, with its last board, and takes no more writes.

    Raises RefusedError: not_allowed, reason, closed, still_running (before its last day).
    """
    check_action(actor, MANAGE, campaign.unit)
    row = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if row.closed_at is not None:
        raise refuse("closed", _("This campaign is closed already."))
    if not reason.strip():
        raise refuse("reason", _("Say why."))
    if now < end_of(row.end, before=False):
        raise refuse("still_running", _("A campaign can be closed after its last day."))
    row.closed_at, row.closed_by = now, actor
    row.save(update_fields=["closed_at", "closed_by"])
    _record("campaign.closed", actor, row, reason)
    return row


@transaction.atomic
def reopen_campaign(*, actor: User, campaign: Campaign, reason: str, now: datetime) -> Campaign:
    """Take the closing back, with a reason."""
    check_action(actor, MANAGE, campaign.unit)
    row = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if row.closed_at is None:
        raise refuse("open", _("This campaign is open."))
    if not reason.strip():
        raise refuse("reason", _("Say why."))
    row.closed_at, row.closed_by = None, None
    row.save(update_fields=["closed_at", "closed_by"])
    _record("campaign.reopened", actor, row, reason)
    return row


def _record(action: str, actor: User, campaign: Campaign, reason: str) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="campaign.campaign",
        object_id=campaign.pk,
        reason=reason.strip(),
    )
