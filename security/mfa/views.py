"""allauth's pages where ours must look first: the last factor stays while a role asks for one."""

from __future__ import annotations

from typing import cast

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from security import audit
from security.http import signed_in
from security.mfa.state import removable
from security.models import User


@require_http_methods(["GET", "POST"])
def deactivate_totp(request: HttpRequest) -> HttpResponseBase:
    with transaction.atomic():
        kept = _kept(request, type=Authenticator.Type.TOTP)
        return kept or cast("HttpResponseBase", totp.deactivate_totp(request))


@require_http_methods(["GET", "POST"])
def remove_webauthn(request: HttpRequest, pk: int) -> HttpResponseBase:
    with transaction.atomic():
        kept = _kept(request, type=Authenticator.Type.WEBAUTHN, pk=pk)
        return kept or cast("HttpResponseBase", webauthn.remove_webauthn(request, pk=pk))


def _kept(request: HttpRequest, **which: object) -> HttpResponse | None:
    """The refusal, if this factor may not go. The user's row is locked, so that of two removals
    at once the second sees the first."""
    user = signed_in(request)
    User.objects.select_for_update().get(pk=user.pk)
    factor = get_object_or_404(Authenticator, user_id=user.pk, **which)
    if removable(factor, user):
        return None
    audit.record(
        "mfa.removed",
        actor=user,
        object_type="security.user",
        object_id=user.pk,
        decision="denied",
        reason=factor.type,
    )
    words = get_adapter().validation_error("cannot_delete_authenticator").messages[0]
    messages.error(request, words)
    return redirect("mfa_index")
