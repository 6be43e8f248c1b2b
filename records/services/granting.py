"""Opening one record to one person."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from records.models import Member, MemberUserGrant
from security import audit
from security.models import User
from security.services import check_action


@transaction.atomic
def grant_own_record(
    *, actor: User | None, now: datetime, member: Member, user: User, reason: str
) -> MemberUserGrant:
    """Let a member who signs in see his own record. Giving it twice gives it once.

    actor None is the installation itself; others need ``records.edit`` on the row.
    """
    if actor is not None:
        check_action(actor, "records.edit", member)
    permission = Permission.objects.get(
        content_type=ContentType.objects.get_for_model(Member), codename="view_member"
    )
    grant, new = MemberUserGrant.objects.get_or_create(
        user=user,
        permission=permission,
        content_object=member,
        defaults={"valid_from": now, "granted_by": actor, "reason": reason},
    )
    if new:
        audit.record("member.granted", actor=actor, row=member, reason=f"user {user.pk}: {reason}")
    return grant
