from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.selectors import TaskFilter
from campaign.selectors.choosing import choice_of
from dashboard.board import SCOPES, board_page
from dashboard.homes import home_of
from dashboard.living import answer
from dashboard.unit_home import unit_page
from dashboard.words import next_friday
from security import audit
from security.http import require_action, signed_in

SHOWN = 200


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Everybody's first page: the unit home here, every other role where it works."""
    user = signed_in(request)
    place = home_of(user)
    if place is None:
        return render(request, "dashboard/no_access.html")
    if place.url_name:
        return redirect(place.url_name)
    now, asked = timezone.now(), request.GET.get("at", "")
    choice = choice_of(request)
    at = TaskFilter.from_query(request.GET, now=now).at
    page = unit_page(user, now, campaign=choice.campaign, named=choice.named, at=at)
    if asked and not page.past:
        messages.warning(request, _("That is not a past day and time. This is the board of now."))
    response = answer(request, "dashboard/unit_home.html", page)
    if response.status_code == SHOWN:
        audit.record(
            "home.read",
            actor=user,
            object_type="campaign.task",
            ids=page.shown,
            reason=asked[:40] if page.past else "",
        )
    return response


@require_GET
@require_action("campaign.board")
def board(request: HttpRequest) -> HttpResponse:
    """The leaders' board, now or with ``?at=`` at a past instant.

    Whatever shows the list leaves a row in the trail; asking again and hearing "nothing new"
    does not.
    """
    user, now = signed_in(request), timezone.now()
    asked = request.GET.get("at", "")
    choice = choice_of(request)
    page = board_page(
        user,
        TaskFilter.from_query(request.GET, now=now).at,
        now=now,
        campaign=choice.campaign,
        named=choice.named,
        scope=request.GET.get("scope", "") if request.GET.get("scope") in SCOPES else "",
    )
    if page is None:
        return render(request, "dashboard/no_campaign.html", {"example": next_friday(now)})
    if asked and not page.past:
        messages.warning(request, _("That is not a past day and time. This is the board of now."))
    response = answer(request, "dashboard/board.html", page)
    if response.status_code == SHOWN:
        audit.record(
            "board.read",
            actor=user,
            object_type="campaign.task",
            ids=page.shown,
            reason=asked[:40] if page.past else "",
        )
    return response
