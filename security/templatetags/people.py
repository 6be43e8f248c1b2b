from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import template
from django.template import Context
from django.utils import timezone

from security.models import Invitation, User
from security.services import RefusedError, check_account
from security.services.recovery import may_renew_link, may_reset_factor
from security.services.sessions import count_sessions

register = template.Library()


@register.inclusion_tag("security/_person_account.html", takes_context=True)
def person_account(context: Context, person: User) -> dict[str, Any]:
    """The account of a person, with what this reader may do about it and nothing else."""
    actor, now = context["request"].user, timezone.now()
    factors = Authenticator.objects.filter(user=person).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "person": person,
        "own": actor.pk == person.pk,
        "reached": _reached(actor, person),
        "sessions": count_sessions(person, now),
        "factors": factors.count(),
        "invitation": Invitation.objects.usable(now).filter(user=person).first(),
        "may_renew_link": may_renew_link(actor, person, now),
        "may_reset_factor": may_reset_factor(actor, person, now),
    }


def _reached(actor: User, person: User) -> bool:
    try:
        check_account(actor, person, timezone.now())
    except RefusedError:
        return False
    return True
