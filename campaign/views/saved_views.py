"""Saved views of the task list: keep the current filters, arrange what is kept."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaign import services
from campaign.forms.views import ViewNameForm
from campaign.models import SavedView
from campaign.selectors import TaskFilter
from campaign.selectors.saved import plain, views_of
from security.http import absent_part, form_status, require_action, signed_in
from security.models import User
from security.services import RefusedError

TASKS = SavedView.Page.TASKS


@require_GET
@require_action("campaign.view")
def views(request: HttpRequest) -> HttpResponse:
    """His own views, to rename, arrange and delete."""
    return _show(request)


@require_http_methods(["POST"])
@require_action("campaign.view")
def save(request: HttpRequest) -> HttpResponse:
    """Keep filters and order of the list under a name, and go on with the list."""
    form = ViewNameForm(request.POST)
    # Read as the list reads it: what is kept is an address that the list itself would write.
    given = TaskFilter.from_query(QueryDict(request.POST.get("query", "")), now=timezone.now())
    if form.is_valid():
        try:
            view = services.save_view(
                actor=signed_in(request), name=form.cleaned_data["name"], query=given.kept.query
            )
        except RefusedError as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("The view is saved as “%(name)s”.") % {"name": view.name})
            return redirect(f"{reverse('campaign:task_list')}?{plain(view.query)}")
    return _show(request, saving=form, query=given.kept.query)


@require_POST
@require_action("campaign.view")
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    user, view = _own(request, pk)
    form = ViewNameForm(request.POST, prefix=f"v{pk}")
    if form.is_valid():
        try:
            services.rename_view(actor=user, view=view, name=form.cleaned_data["name"])
        except RefusedError as refused:
            form.refuse(refused)
        else:
            return redirect("campaign:views")
    return _show(request, renaming={pk: form})


@require_POST
@require_action("campaign.view")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    up = request.POST.get("to") != "back"
    return _do(request, pk, lambda user, view: services.move_view(actor=user, view=view, up=up))


@require_POST
@require_action("campaign.view")
def default(request: HttpRequest, pk: int) -> HttpResponse:
    on = request.POST.get("default") == "1"
    return _do(
        request, pk, lambda user, view: services.set_default_view(actor=user, view=view, default=on)
    )


@require_POST
@require_action("campaign.view")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda user, view: services.delete_view(actor=user, view=view))


def _do(request: HttpRequest, pk: int, deed: Callable[[User, SavedView], object]) -> HttpResponse:
    deed(*_own(request, pk))
    return redirect("campaign:views")


def _own(request: HttpRequest, pk: int) -> tuple[User, SavedView]:
    """Somebody else's view and one that does not exist answer alike."""
    user = signed_in(request)
    view = SavedView.objects.filter(user=user, pk=pk).first()
    if view is None:
        raise absent_part(request, "campaign.savedview", pk)
    return user, view


def _show(
    request: HttpRequest,
    *,
    saving: ViewNameForm | None = None,
    query: str = "",
    renaming: dict[int, ViewNameForm] | None = None,
) -> HttpResponse:
    bound = renaming or {}
    rows = [
        (
            tab,
            bound.get(tab.view.pk)
            or ViewNameForm(initial={"name": tab.view.name}, prefix=f"v{tab.view.pk}"),
        )
        for tab in views_of(signed_in(request), TASKS)
    ]
    status = form_status(request, saving, *bound.values())
    context = {"rows": rows, "saving": saving, "query": query}
    return render(request, "campaign/views.html", context, status=status)
