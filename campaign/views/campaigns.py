"""Turning to another campaign; closing one and opening it again."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign.forms.closing import EndForm
from campaign.selectors.choosing import KEY, choice_of, remember
from campaign.services import close_campaign, reopen_campaign
from campaign.services.agreeing import MANAGE
from security.http import (
    absent_part,
    form_status,
    own_address,
    record_foreign_choice,
    record_refusal,
    require_action,
    signed_in,
)
from security.scope import may
from security.services import RefusedError


@require_POST
@require_action("campaign.view")
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the campaign for this session and show the page again that asked."""
    if remember(request, request.POST.get(KEY, "")) is None:
        record_foreign_choice(request, KEY)
        raise Http404
    return redirect(own_address(request.POST.get("next", ""), reverse("campaign:task_list")))


@require_GET
@require_action("campaign.view")
def campaigns(request: HttpRequest) -> HttpResponse:
    """All campaigns that the reader may turn to; whoever runs one closes it here."""
    return _show(request)


@require_POST
@require_action("campaign.manage")
def close(request: HttpRequest, code: str) -> HttpResponse:
    """End a campaign, with a reason and its code typed once more."""
    return _end(request, code, close_campaign, _("The campaign is closed."), typed=True)


@require_POST
@require_action("campaign.manage")
def reopen(request: HttpRequest, code: str) -> HttpResponse:
    return _end(request, code, reopen_campaign, _("The campaign is open again."), typed=False)


def _end(
    request: HttpRequest, code: str, deed: Callable[..., object], said: str, *, typed: bool
) -> HttpResponse:
    user = signed_in(request)
    campaign = next((one for one in choice_of(request).all if one.code == code), None)
    if campaign is None:
        raise absent_part(request, "campaign.campaign", 0)
    form = EndForm(request.POST, campaign=campaign, typed=typed, prefix=campaign.code)
    if form.is_valid():
        try:
            deed(
                actor=user,
                campaign=campaign,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except RefusedError as refused:
            form.refuse(refused)
            record_refusal(request, refused)
        else:
            messages.success(request, said)
            return redirect("campaign:campaigns")
    return _show(request, bound={campaign.pk: form})


def _show(request: HttpRequest, *, bound: dict[int, EndForm] | None = None) -> HttpResponse:
    user, given, today = signed_in(request), bound or {}, timezone.localdate()
    rows = []
    for one in choice_of(request).all:
        form = given.get(one.pk)
        if form is None and may(user, MANAGE, one.unit):
            form = EndForm(campaign=one, typed=one.closed_at is None, prefix=one.code)
        rows.append((one, form, one.closed_at is not None or one.end < today))
    context = {"rows": rows, "choice": choice_of(request)}
    status = form_status(request, *given.values())
    return render(request, "campaign/campaigns.html", context, status=status)
