"""The door of the second factor: who needs one and has not shown it gets no further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.mfa.models import Authenticator
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from security import audit
from security.mfa.state import factors_of, passed, required
from security.models import User

# Signing in and out, the language, and the pages where the factor itself is shown.
ALWAYS_OPEN = frozenset(
    {
        *("healthz", "set_language"),
        *("account_login", "account_logout", "account_inactive", "account_reauthenticate"),
        *("account_invitation", "account_invitation_accept"),
        *("mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
    }
)
# Where factors are added and removed: open for the first one, behind a shown one afterwards. Else
# a session that knows the password alone could add a factor of its own.
MANAGING = frozenset(
    {
        *("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp"),
        *("mfa_list_webauthn", "mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn"),
        *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"),
    }
)


class SecondFactorMiddleware:
    """Asks at every request, so a role given while somebody is signed in counts at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        user = request.user
        match = request.resolver_match
        if not isinstance(user, User) or match is None or match.view_name in ALWAYS_OPEN:
            return None
        managing = match.view_name in MANAGING
        if passed(request, user) or not (managing or required(user)):
            return None
        factors = factors_of(user)
        if managing and not factors:
            return None
        return _turned_away(request, user, factors)


def _turned_away(request: HttpRequest, user: User, factors: list[Authenticator]) -> HttpResponse:
    """To the page that asks for the factor, or to the one that gives him his first; both say why."""
    audit.record("mfa.required", actor=user, decision="denied", reason=request.path[:200])
    if factors:
        words = _("Confirm with your second factor first.")
        has_app = any(factor.type == Authenticator.Type.TOTP for factor in factors)
        page = reverse("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn")
    else:
        words = _("Your role requires a second factor. Set one up first; nothing opens before.")
        page = reverse("mfa_index")
    if request.headers.get("HX-Request") == "true":
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
        return HttpResponse(headers={"HX-Redirect": _with_next(page, here, factors)})
    if not _opens_a_page(request):
        return JsonResponse({"code": "second_factor", "detail": words}, status=403)
    wanted = request.get_full_path() if request.method == "GET" else "/"
    return HttpResponseRedirect(_with_next(page, wanted, factors))


def _with_next(page: str, wanted: str, factors: list[Authenticator]) -> str:
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: wanted})}" if factors else page


def _opens_a_page(request: HttpRequest) -> bool:
    """Whether a browser wants a page to show, not data, a picture or a part of one."""
    if request.path.startswith("/api/"):
        return False
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    return request.get_preferred_type(["text/html", "application/json"]) != "application/json"
