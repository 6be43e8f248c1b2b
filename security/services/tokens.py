"""Writes of tokens for programs: made by their owner, shown once, ended by him or by access keepers."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from security import audit
from security.actions import TOKEN_ACTIONS, USE_TOKENS
from security.models import ApiToken, User
from security.scope import may
from security.services.problems import Problem, RefusedError, check_action

PREFIX_LENGTH = 12
USABLE_AT_ONCE = 10
LONGEST_DAYS = 365
USUAL_DAYS = 90
# A program calls many times a second; when it was last seen need not be that exact.
SEEN_EVERY = timedelta(minutes=1)


def hash_of(plain: str) -> str:
    """What is kept of a token. No salt and one round: the secret has 256 random bits."""
    return hashlib.sha256(plain.encode()).hexdigest()


def actions_on_offer(user: User) -> list[str]:
    """What this user may put into a token: reading actions of the API that he has himself."""
    return [action for action in TOKEN_ACTIONS if may(user, action)]


@transaction.atomic
def create_token(
    *, actor: User, name: str, actions: Collection[str], now: datetime, days: int = USUAL_DAYS
) -> tuple[ApiToken, str]:
    """Make a token for oneself; returns its row and, this once, the token itself."""
    check_action(actor, USE_TOKENS)
    # Locked, so that two requests at once cannot both be the tenth.
    owner = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    _check_request(actor, name, actions, days)
    if ApiToken.objects.filter(user=owner).usable(now).count() >= USABLE_AT_ONCE:
        raise RefusedError(
            Problem("too_many_tokens", _("Ten tokens are in use. Revoke one of them first."))
        )
    plain = f"saro_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=owner,
        name=name.strip(),
        prefix=plain[:PREFIX_LENGTH],
        token_hash=hash_of(plain),
        actions=sorted(actions),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        "token.created",
        actor=actor,
        object_type="security.apitoken",
        object_id=token.pk,
        reason=f"{', '.join(token.actions)}; {days} d",
    )
    return token, plain


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken, now: datetime) -> ApiToken:
    """End a token at once: its owner, or whoever manages access where the owner belongs.

    A token that has ended already is left as it is.
    """
    if actor.pk != token.user_id:
        check_action(actor, "security.manage_access", token.user.unit)
    elif actor.token_actions is not None:
        raise RefusedError(Problem("not_allowed", _("Your role does not allow this here.")))
    token = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if not token.usable_at(now):
        return token
    token.revoked_at, token.revoked_by = now, actor
    token.save(update_fields=["revoked_at", "revoked_by"])
    audit.record("token.revoked", actor=actor, object_type="security.apitoken", object_id=token.pk)
    return token


def note_use(*, token: ApiToken, address: str, now: datetime) -> None:
    """Remember when and from where a token was last used; at most one write a minute.

    No line of the trail: every answer that the token gets has its own.
    """
    before = now - SEEN_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    ApiToken.objects.filter(pk=token.pk).filter(
        Q(last_used_at=None) | Q(last_used_at__lte=before)
    ).update(last_used_at=now, last_used_address=address[:64])


def _check_request(actor: User, name: str, actions: Collection[str], days: int) -> None:
    problems = []
    if not name.strip() or len(name.strip()) > 80:
        problems.append(Problem("name", _("Give the token a name of up to 80 letters.")))
    if not actions:
        problems.append(Problem("no_actions", _("Choose at least one thing the token may do.")))
    if set(actions) - set(actions_on_offer(actor)):
        problems.append(
            Problem("foreign_actions", _("A token can do nothing that you may not do yourself."))
        )
    if not 1 <= days <= LONGEST_DAYS:
        problems.append(Problem("days", _("A token lasts from 1 to 365 days.")))
    if problems:
        raise RefusedError(*problems)
