"""Signing in to the API with a token: ``Authorization: Bearer saro_…``.

A token acts for its owner with some of his actions, for the API alone: no page, file or screen of
administration reads this header. What ends for the owner (a role, the account) ends for his tokens
with the next request. Why this is our own: docs/dependencies.md.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from security import audit
from security.actions import USE_TOKENS
from security.api.throttles import WrongPrefixThrottle, WrongTokenThrottle
from security.context import amend_origin
from security.models import ApiToken, User
from security.scope import may
from security.services.tokens import PREFIX_LENGTH, hash_of, note_use

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which loads this module

SCHEME = "bearer"
WELL_FORMED = re.compile(r"saro_[A-Za-z0-9_-]{43}")


class TokenAuthentication(BaseAuthentication):
    """First in the list of REST framework: a token that is sent decides, whatever session comes
    along with it."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, sent = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != SCHEME:
            return None
        plain = sent.strip()
        now = timezone.now()
        token = _known(plain)
        if token is None or not (token.usable_at(now) and _owner_may(token.user)):
            self._refuse(request, plain, token)
            raise AuthenticationFailed
        address = request.META.get("REMOTE_ADDR", "")
        user = token.user
        # One instance lives one request; what the check above read was the owner's whole power.
        user.token_actions, user._scopes = frozenset(token.actions), None
        amend_origin(lambda here: replace(here, session=session_mark(token)))
        note_use(token=token, address=address, now=now)
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _refuse(self, request: Request, plain: str, token: ApiToken | None) -> None:
        """One line of the trail, with a keyed mark and never the token; too many: 429, no line."""
        mark = salted_hmac("security.tokens", plain).hexdigest()[:16]
        start = salted_hmac("security.tokens", plain[:PREFIX_LENGTH]).hexdigest()[:16]
        for throttle in (WrongPrefixThrottle(start), WrongTokenThrottle()):
            if not throttle.allow_request(request, cast("APIView", None)):
                raise Throttled(throttle.wait())
        audit.record(
            "token.used",
            actor=token.user if token else None,
            object_type="security.apitoken",
            object_id=token.pk if token else "",
            decision="denied",
            reason=f"token {mark}",
        )


def session_mark(token: ApiToken) -> str:
    """What the trail shows in place of a session: the same for all calls of one token."""
    return hashlib.sha256(token.prefix.encode()).hexdigest()[:32]


def _known(plain: str) -> ApiToken | None:
    """Found by its hash: comparing hashes of a random secret gives nothing away by its time."""
    if not WELL_FORMED.fullmatch(plain):
        return None
    return ApiToken.objects.select_related("user").filter(token_hash=hash_of(plain)).first()


def _owner_may(owner: User) -> bool:
    return owner.is_active and may(owner, USE_TOKENS)
