"""The one-time link: in by a token nobody else knows, out with a password of one's own."""

from __future__ import annotations

from datetime import datetime

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from security import audit
from security.forms.password import NewPasswordForm
from security.http import form_status
from security.models import Invitation, User
from security.services import RefusedError, accept_invitation
from security.services.invitations import hash_of, invitation_for, usable_invitation

HELD = "invitation"  # in the session: which invitation this browser came in with
GONE = "account/invitation_gone.html"
# Wrong tokens of one address that are written down in an hour. A good link opens all the same.
WRITTEN_DOWN = 30


@never_cache
@login_not_required
@require_GET
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address at once: it must not stay in a history or a Referer."""
    found = invitation_for(token, timezone.now())
    if found is None:
        request.session.pop(HELD, None)
        if _refuse(request, f"token {hash_of(token)[:16]}"):
            return render(request, GONE, status=429)
        return redirect("account_invitation_accept")
    request.session[HELD] = found.pk
    request.session.cycle_key()  # a key that somebody planted here before does not come along
    _write_down("invitation.opened", found)
    return redirect("account_invitation_accept")


@never_cache
@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    found = usable_invitation(request.session.get(HELD, 0), now)
    if found is None:
        request.session.pop(HELD, None)
        if request.method == "POST":
            _refuse(request, "no invitation in this browser")
        return render(request, GONE, status=404)
    form = NewPasswordForm(request.POST or None, user=found.user)
    if request.method == "POST" and form.is_valid():
        return _accepted(request, found, form.cleaned_data["password1"], now)
    context = {"form": form, "invitation": found, "person": found.user, "rules": form.rules()}
    return render(request, "account/invitation.html", context, status=form_status(request, form))


def _accepted(
    request: HttpRequest, found: Invitation, password: str, now: datetime
) -> HttpResponseBase:
    """Set the password and sign in as after the form: whoever has a second factor shows it."""
    try:
        user = accept_invitation(pk=found.pk, password=password, now=now)
    except RefusedError:
        _refuse(request, f"invitation {found.pk}")
        return render(request, GONE, status=404)
    logout(request)  # whoever was signed in here; a key planted before goes with it
    record_authentication(request, user, method="password", username=user.username)
    answer: HttpResponseBase = perform_login(request, Login(user=user, redirect_url="/"))
    return answer


def invitation_link(request: HttpRequest, user: User, token: str) -> dict[str, object]:
    """Context of ``security/_invitation_link.html``, for the one page that shows a new link."""
    made = Invitation.objects.get(token_hash=hash_of(token))
    path = reverse("account_invitation", args=[token])
    return {
        "person": user,
        "link": request.build_absolute_uri(path),
        "expires_at": made.expires_at,
        "purpose": made.purpose,
    }


def _refuse(request: HttpRequest, what: str) -> bool:
    """Write a refusal down; whether there were too many from this address to write them all.

    A token that is unknown, used, withdrawn, expired or forged gets one and the same page.
    """
    counter = f"invitation.refused:{request.META.get('REMOTE_ADDR', '')}"
    cache.add(counter, 0, timeout=3600)
    if cache.incr(counter) > WRITTEN_DOWN:
        return True
    audit.record(
        "invitation.refused",
        actor=None,
        object_type="security.invitation",
        decision="denied",
        reason=what,
    )
    return False


def _write_down(event: str, found: Invitation) -> None:
    audit.record(
        event,
        actor=None,
        object_type="security.user",
        object_id=found.user_id,
        reason=f"invitation {found.pk}, {found.purpose}",
    )
