from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from axes.handlers.proxy import AxesProxyHandler
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_noop

from security.mfa.state import may_begin
from security.signin import record_refused_name, signed_in_here_before

# allauth speaks no Vietnamese. Naming its sentences here puts them into our own catalogue.
SENTENCES_OF_ALLAUTH = (
    gettext_noop("The username and/or password you specified are not correct."),
    gettext_noop("Please type your current password."),
    gettext_noop("Incorrect password."),
    gettext_noop("You must type the same password each time."),
    gettext_noop("The new value must be different from the current one."),
    gettext_noop("Too many failed login attempts. Try again later."),
    gettext_noop("This account is currently inactive."),
    gettext_noop("Password successfully changed."),
    gettext_noop("You have signed out."),
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by administrators: the sign-up page does not exist."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses within this site: allauth would also allow every ALLOWED_HOSTS."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """For the first second factor, a sign-in of the last minutes is proof enough."""
        required = bool(super().is_reauthentication_required(app=app, **more))
        if app != "allauth.mfa" or not required:
            return required
        return not may_begin(self.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt against the slow limit of its name (ACCOUNT_RATE_LIMITS).

        Not where axes refuses anyway: one address hammering a locked name must not use up what
        the name has left elsewhere. Nor where this person has signed in lately: there axes alone
        watches, so that strangers cannot keep somebody from his own desk.
        """
        name = str(credentials.get("username", ""))
        address = self.get_client_ip(request)
        if not AxesProxyHandler.is_allowed(request, credentials):
            return
        if signed_in_here_before(name, address, now=timezone.now()):
            return
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record_refused_name(name, "slowed down")
            page = render(request, "account/slowed.html", status=429)
            raise ImmediateHttpResponse(page) from None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """The name alone. allauth adds the Host header, which the caller chooses: every spelling
        and port of it would begin a new count."""
        return str(credentials.get("username", "")).lower()
