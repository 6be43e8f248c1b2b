"""Settings of the lights with a preview, and the comparisons of stored lights with the rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.facts import policy_at
from campaign.forms.lights import SetThresholdsForm, ThresholdsForm
from campaign.models import Campaign, LightCheck
from campaign.rules import Policy
from campaign.selectors.choosing import choice_of
from campaign.selectors.sweeping import comparisons, late_since
from campaign.services.agreeing import MANAGE
from security.http import (
    form_status,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
)
from security.models import User
from security.scope import may
from security.services import RefusedError

TURNS_SHOWN = 50


@require_GET
@require_action("campaign.view")
def settings(request: HttpRequest) -> HttpResponse:
    """The thresholds in force and all before them; with numbers in the address, what those would
    change, before anything is saved."""
    campaign = _campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    if "warning_days" not in request.GET:
        return _settings(request, campaign)
    form = ThresholdsForm(request.GET)
    if not form.is_valid() or not may(signed_in(request), MANAGE, campaign.unit):
        return _settings(request, campaign, form=form, status=form_status(request, form))
    return _settings(request, campaign, form=form, asked=form.policy)


@require_POST
@require_action("campaign.view")
def set_thresholds(request: HttpRequest) -> HttpResponse:
    """Put in force what was looked at; 422 with the preview again if something is missing."""
    campaign = _campaign(request)
    if campaign is None:
        raise Http404
    form = SetThresholdsForm(request.POST)
    asked = None
    if form.is_valid():
        asked = form.policy
        try:
            services.set_policy(
                actor=signed_in(request),
                campaign=campaign,
                policy=asked,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except RefusedError as refused:
            form.refuse(refused)
            if record_refusal(request, refused):
                status = form_status(request, form)
                return _settings(request, campaign, refusal=str(refused), status=status)
        else:
            messages.success(request, _("The thresholds are in force; all lights were worked out."))
            return redirect("campaign:lights")
    elif not {"warning_days", "behind_points"} & form.errors.keys():
        asked = form.policy
    return _settings(request, campaign, asked=asked, save=form, status=form_status(request, form))


@require_GET
@require_action(MANAGE)
def checks(request: HttpRequest) -> HttpResponse:
    """For the office: the last comparisons, what differed, and whether the sweep is late."""
    campaign = _campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    user, now = signed_in(request), timezone.now()
    found = comparisons(user, campaign)
    record_shown(request, [one.task for one in found.differences])
    context = {
        "campaign": campaign,
        "choice": choice_of(request),
        "found": found,
        "late": late_since(user, campaign, now),
        "may_mend": may(user, MANAGE, campaign.unit) and campaign.closed_at is None,
    }
    return render(request, "campaign/light_checks.html", context)


@require_POST
@require_action(MANAGE)
def compare(request: HttpRequest) -> HttpResponse:
    """Compare now instead of waiting for the night."""
    return _do(request, services.compare_now)


@require_POST
@require_action(MANAGE)
def mend(request: HttpRequest) -> HttpResponse:
    """Work the differing lights out anew."""
    return _do(request, services.mend_lights)


def _do(request: HttpRequest, deed: Callable[..., LightCheck]) -> HttpResponse:
    campaign = _campaign(request)
    if campaign is None:
        raise Http404
    now: datetime = timezone.now()
    try:
        check = deed(actor=signed_in(request), campaign=campaign, now=now)
    except RefusedError as refused:
        record_refusal(request, refused)
        messages.error(request, str(refused))
    else:
        n = len(check.differences)
        said = ngettext("%(n)s light differs.", "%(n)s lights differ.", n) % {"n": n}
        messages.success(request, said if n else _("All lights are as the rule says."))
    return redirect("campaign:light_checks")


def _campaign(request: HttpRequest) -> Campaign | None:
    return choice_of(request).campaign


def _settings(
    request: HttpRequest,
    campaign: Campaign,
    *,
    form: ThresholdsForm | None = None,
    save: SetThresholdsForm | None = None,
    asked: Policy | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    user, now = signed_in(request), timezone.now()
    current = policy_at(campaign.pk, now)
    may_set = may(user, MANAGE, campaign.unit) and campaign.closed_at is None
    context: dict[str, Any] = {
        "campaign": campaign,
        "choice": choice_of(request),
        "policy": current,
        "history": campaign.policies.select_related("set_by").order_by("-valid_from"),
        "may_set": may_set,
        "may_check": may(user, MANAGE),
        "refusal": refusal,
    }
    if may_set:
        first = {
            "warning_days": (asked or current).warning_days,
            "behind_points": (asked or current).behind_points,
        }
        context["form"] = form or ThresholdsForm(initial=first)
        if asked is not None:
            context |= _preview(request, user, campaign, asked, now)
            context["save"] = save or SetThresholdsForm(initial=first)
            context["same"] = asked == current
    return render(request, "campaign/light_settings.html", context, status=status)


def _preview(
    request: HttpRequest, user: User, campaign: Campaign, asked: Policy, now: datetime
) -> dict[str, Any]:
    found = services.preview_policy(
        user=user, campaign=campaign, policy=asked, now=now, shown=TURNS_SHOWN
    )
    record_shown(request, [turn.task for turn in found.turns])
    counts = sorted(found.counts.items(), key=lambda one: -one[1])
    return {
        "preview": found,
        "counts": [(before, after, n) for (before, after), n in counts],
        "turning": sum(found.counts.values()),
    }
