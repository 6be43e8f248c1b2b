"""Reads of tokens: one's own, and those of the people one manages."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from security.models import ApiToken, User
from security.selectors.managed import manageable_units


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """All tokens a person ever made, newest first; they stay to be read after their end."""
    return ApiToken.objects.filter(user=user).select_related("revoked_by")


def tokens_revocable_by(user: User) -> QuerySet[ApiToken]:
    """One's own and those of the people one manages."""
    return ApiToken.objects.filter(
        Q(user=user) | Q(user__unit__in=manageable_units(user))
    ).select_related("user__unit")
