from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django import template
from django.template import Context

from security.mfa.state import factors_of, passed, required
from security.models import User

register = template.Library()


@dataclass(frozen=True)
class SecondFactor:
    """What a page about second factors has to know of its reader."""

    required: bool
    passed: bool
    factors: list[Authenticator]

    @property
    def locked(self) -> bool:
        """Nothing else opens for this session before a factor was set up or shown."""
        return self.required and not self.passed

    @property
    def may_remove(self) -> bool:
        return not self.required or len(self.factors) > 1


@register.simple_tag(takes_context=True)
def second_factor(context: Context) -> SecondFactor:
    request: Any = context["request"]
    user = request.user
    if not isinstance(user, User):
        return SecondFactor(required=False, passed=False, factors=[])
    return SecondFactor(
        required=required(user), passed=passed(request, user), factors=factors_of(user)
    )
