"""How often the API may be asked. Counters lie in the cache that all web processes share."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle


class Throttle(SimpleRateThrottle):
    """A rate named in REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], read when it is needed."""

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES[str(self.scope)]
        return None if rate is None else str(rate)

    def get_cache_key(self, request: Request, view: object) -> str | None:
        who = self.counted(request)
        return f"throttle:{self.scope}:{who}" if who else None

    def counted(self, request: Request) -> str:
        raise NotImplementedError


class CallThrottle(Throttle):
    """All calls of one token, or of one person with a session."""

    scope = "calls"

    def counted(self, request: Request) -> str:
        if request.auth is not None:
            return f"token:{request.auth.pk}"
        return f"user:{request.user.pk}" if request.user.is_authenticated else ""


class WrongTokenThrottle(Throttle):
    """Tokens that were not accepted, of one address; asked only after the refusal.

    A good token of the same office is never held up by somebody else's wrong ones.
    """

    scope = "wrong_tokens"

    def counted(self, request: Request) -> str:
        return self.get_ident(request)


class WrongPrefixThrottle(WrongTokenThrottle):
    """The same for one address and one token's first characters: a program that keeps trying."""

    scope = "wrong_token"

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def counted(self, request: Request) -> str:
        return f"{self.get_ident(request)}:{self.prefix}"
