"""Tokens for programs: the list of one's own, making one, revoking one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.decorators import reauthentication_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from security import audit
from security.actions import LABELS, USE_TOKENS
from security.forms.tokens import TokenForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.models import ApiToken
from security.selectors.tokens import tokens_of, tokens_revocable_by
from security.services import RefusedError
from security.services.tokens import actions_on_offer, create_token, revoke_token
from security.views.shared import tell

SOON = timedelta(days=14)


@dataclass(frozen=True)
class Line:
    """One token of the list: its row, its actions in words, and whether it still works."""

    token: ApiToken
    words: list[str | Promise]
    usable: bool
    soon: bool


@require_GET
@require_action(USE_TOKENS)
def tokens(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    lines = [_line(token, now) for token in tokens_of(user)]
    context = {
        "in_use": [line for line in lines if line.usable],
        "ended": [line for line in lines if not line.usable],
        "offered": bool(actions_on_offer(user)),
    }
    return render(request, "security/tokens.html", context)


@require_http_methods(["GET", "POST"])
@require_action(USE_TOKENS)
# A token outlives the session: a session somebody left open must not make one.
@reauthentication_required  # type: ignore[untyped-decorator]
@sensitive_variables("plain")
def token_new(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = TokenForm(request.POST or None, owner=user)
    if request.method == "POST" and form.is_valid():
        try:
            token, plain = create_token(actor=user, now=timezone.now(), **form.cleaned_data)
        except RefusedError as refusal:
            record_refusal(request, refusal)
            form.add_error(None, str(refusal))
        else:
            # Shown in this answer and never again: after a redirect it would have to lie somewhere.
            shown = {"line": _line(token, timezone.now()), "plain": plain}
            return render(request, "security/token_made.html", shown)
    context = {"form": form, "offered": bool(actions_on_offer(user))}
    return render(request, "security/token_new.html", context, status=form_status(request, form))


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Open to owners whose role has ended too: what one has made, one can always undo."""
    user = signed_in(request)
    token = tokens_revocable_by(user).filter(pk=pk).first()
    if token is None:
        audit.record(
            "token.revoked",
            actor=user,
            object_type="security.apitoken",
            object_id=pk,
            decision="denied",
        )
        raise Http404

    def revoke() -> str:
        revoke_token(actor=user, token=token, now=timezone.now())
        return _("The token was revoked; it works no more.")

    tell(request, revoke)
    if token.user_id == user.pk:
        return redirect("account_tokens")
    return redirect("security:person", pk=token.user_id)


def _line(token: ApiToken, now: datetime) -> Line:
    return Line(
        token=token,
        words=[LABELS.get(action, action) for action in token.actions],
        usable=token.usable_at(now),
        soon=token.expires_at - now < SOON,
    )
