from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from records.codes import read_codes
from records.fields import field_of
from records.models import Member
from records.models.members import MemberQuerySet
from records.registers import MEMBERS
from records.views.listing import list_page
from records.views.single import detail_page, edit_page, history_page
from security.fields import HiddenFieldError, where_readable
from security.http import refuse_query, require_action, signed_in

STATUSES = "membership_status"


@require_GET
@require_action("records.view")
def member_list(request: HttpRequest) -> HttpResponse:
    return member_page(request, Member.objects.visible_to(signed_in(request)))


def member_page(request: HttpRequest, rows: MemberQuerySet) -> HttpResponse:
    """The list page over ``rows``; the view passes the visible ones, a benchmark others."""
    statuses = read_codes([STATUSES], day=timezone.localdate())
    status = request.GET.get("status", "")
    if statuses.item(STATUSES, status):
        try:
            rows = where_readable(signed_in(request), rows, field_of(Member, "status"))
        except HiddenFieldError as refused:
            return refuse_query(request, refused)
        rows = rows.with_status(status)
    else:
        status = ""
    extra = {
        "status": status,
        "statuses": statuses.choices(STATUSES),
        "status_names": dict(statuses.choices(STATUSES)),
    }
    return list_page(request, MEMBERS, rows, extra=extra, kept={"status": status})


@require_GET
def member_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return detail_page(request, MEMBERS, pk)


@require_GET
def member_history(request: HttpRequest, pk: int) -> HttpResponse:
    return history_page(request, MEMBERS, pk)


@require_http_methods(["GET", "POST"])
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return edit_page(request, MEMBERS, pk)


@require_GET
@require_action("records.view_own")
def own_record(request: HttpRequest) -> HttpResponse:
    """A member's own record, where the keeper has linked it to his account."""
    user = signed_in(request)
    # What was opened to him for a time is somebody else's record.
    mine = Member.objects.visible_to(user).filter(
        user_grants__user=user, user_grants__valid_to=None
    )
    own = mine.first()
    if own is None:
        return render(request, "records/own_missing.html")
    return redirect("records:member_detail", pk=own.pk)
