"""Turning to another campaign; closing one and opening it again."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from campaign.selectors.choosing import KEY, remember
from security.http import record_foreign_choice, require_action


@require_POST
@require_action("campaign.view")
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the campaign for this session and show the page again that asked."""
    if remember(request, request.POST.get(KEY, "")) is None:
        record_foreign_choice(request, KEY)
        raise Http404
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("campaign:task_list")
    return redirect(back)
