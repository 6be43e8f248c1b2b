"""Words on a task: comments, and who may be called by an @."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.forms import CommentForm, ServiceForm
from campaign.forms.picking import people_to_charge
from campaign.models import Comment, Task
from campaign.selectors.callable import TYPED_AT_MOST, people_to_call
from campaign.views.page import do, task_of
from security import audit
from security.http import absent_part, require_action, signed_in, visible_or_404
from security.signin import name_mark
from security.views.shared import asked_of, people_suggested


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "comment",
        CommentForm(request.POST),
        lambda user, now, data: services.add_comment(actor=user, task=task, now=now, **data),
        _("Your comment stands below."),
        to="comments",
    )


@require_POST
def withdraw(request: HttpRequest, pk: int, comment: int) -> HttpResponse:
    task = task_of(request, pk)
    row = Comment.objects.filter(task=task, pk=comment).first()
    if row is None:
        raise absent_part(request, "campaign.comment", comment)
    return do(
        request,
        task,
        "withdraw",
        ServiceForm(request.POST),
        lambda user, now, data: services.withdraw_comment(actor=user, comment=row, now=now),
        _("Your words are hidden; that something was said stays."),
        to="comments",
    )


@require_GET
def callable_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom an @ can call on this task, for the list below the field: name, sign-in name, unit."""
    task: Task = visible_or_404(request, Task.objects.select_related("unit"), pk=pk)
    typed = asked_of(request, "q")[:TYPED_AT_MOST]
    found = people_to_call(signed_in(request), task, typed, now=timezone.now())
    audit.record(
        "search",
        actor=signed_in(request),
        object_type="security.user",
        ids=[one.pk for one in found],
        reason=f"term {name_mark(typed)}",
    )
    people = [
        {"name": one.full_name, "username": one.username, "unit": one.unit.name} for one in found
    ]
    return JsonResponse({"people": people})


@require_GET
@require_action("campaign.manage", "campaign.accept")
def people_search(request: HttpRequest) -> HttpResponse:
    """Suggestions below a field that names an owner."""
    return people_suggested(request, people_to_charge(signed_in(request)), name="owner")
