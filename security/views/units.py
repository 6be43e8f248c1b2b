"""The organisation tree: looking at it level by level, and changing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from security import audit
from security.forms.people import ReasonForm
from security.forms.units import MoveForm, NewUnitForm, UnitForm, WhereToForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.models import Unit
from security.scope import may
from security.search import folded_field
from security.selectors.tree import (
    ancestors,
    find_units,
    preview_move,
    tops,
    units_where,
    with_counts,
)
from security.services import (
    RefusedError,
    change_unit,
    create_unit,
    dissolve_unit,
    move_unit,
)
from security.services.units import check_move, what_hangs_on
from security.signin import name_mark
from security.views.shared import asked_of

MANAGE = "security.manage_units"
AT_ONCE = 100  # units of one level
FOUND = 50


@require_GET
@require_action(MANAGE)
def units(request: HttpRequest) -> HttpResponse:
    """The tree from the top of the reader's reach; or what was searched for."""
    mine, text = units_where(signed_in(request), MANAGE), asked_of(request, "q")[:100]
    found = list(with_counts(find_units(mine, text))[: FOUND + 1]) if text else []
    top = [] if text else list(with_counts(tops(mine))[:AT_ONCE])
    audit.record(
        "search" if text else "list",
        actor=signed_in(request),
        object_type="security.unit",
        ids=[one.pk for one in found[:FOUND] or top],
        reason=f"term {name_mark(text)}" if text else "",
    )
    context = {
        "search": text,
        "found": found[:FOUND],
        "more": len(found) > FOUND,
        "tops": [(one, _level(one, 1) if len(top) == 1 else None) for one in top],
    }
    return render(request, "security/units.html", context)


@require_GET
@require_action(MANAGE)
def unit_children(request: HttpRequest, pk: int) -> HttpResponse:
    """One level of the tree, asked for when its parent is opened."""
    page = _level(unit_or_404(request, pk), 1)
    _on_trail(request, pk, page)
    return render(request, "security/_unit_level.html", {"page": page})


@require_GET
@require_action(MANAGE)
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    one = unit_or_404(request, pk)
    actor = signed_in(request)
    number = asked_of(request, "page")
    page = _level(one, int(number) if number.isdecimal() and len(number) < 7 else 1)
    _on_trail(request, pk, page)
    place = one.parent is not None and may(actor, MANAGE, one.parent)
    context = {
        "unit": one,
        "above": [(higher, may(actor, MANAGE, higher)) for higher in ancestors(one)],
        "page": page,
        "people": one.users.filter(is_active=True).count(),
        "roles": one.role_grants.unended(timezone.now()).count(),
        "lists_people": may(actor, "security.manage_access", one),
        "movable": place and one.dissolved_on is None,
        "hanging": what_hangs_on(one, timezone.now()) if place else [],
    }
    return render(request, "security/unit.html", context)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def unit_new(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    parent = units_where(actor, MANAGE).filter(code=asked_of(request, "parent")).first()
    form = NewUnitForm(request.POST or None, actor=actor, initial={"parent": parent})
    if form.is_bound and form.is_valid():
        with _refusals_into(request, form):
            made = create_unit(actor=actor, **form.cleaned_data)
            messages.success(request, _("The unit was created."))
            return redirect("security:unit", pk=made.pk)
    return render(
        request, "security/unit_new.html", {"form": form}, status=form_status(request, form)
    )


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def unit_edit(request: HttpRequest, pk: int) -> HttpResponse:
    one = unit_or_404(request, pk)
    form = UnitForm(request.POST or None, initial={"name": one.name, "kind": one.kind})
    if form.is_bound and form.is_valid():
        with _refusals_into(request, form):
            change_unit(actor=signed_in(request), unit=one, **form.cleaned_data)
            messages.success(request, _("The unit was changed."))
            return redirect("security:unit", pk=pk)
    context = {"form": form, "unit": one}
    return render(request, "security/unit_edit.html", context, status=form_status(request, form))


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def unit_dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    one, now = unit_or_404(request, pk), timezone.now()
    form = ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        reason = form.cleaned_data["reason"]
        with _refusals_into(request, form):
            dissolve_unit(actor=signed_in(request), unit=one, now=now, reason=reason)
            messages.success(request, _("The unit was dissolved."))
            return redirect("security:unit", pk=pk)
    context = {"form": form, "unit": one, "hanging": what_hangs_on(one, now)}
    return render(
        request, "security/unit_dissolve.html", context, status=form_status(request, form)
    )


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def unit_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Where to (GET), what that would change (GET with ``parent``), and doing it (POST)."""
    one, actor = unit_or_404(request, pk), signed_in(request)
    form: WhereToForm
    if request.method == "POST":
        form = MoveForm(request.POST, actor=actor)
    else:
        form = WhereToForm(request.GET if "parent" in request.GET else None, actor=actor)
    possible = form.is_bound and form.is_valid() and _possible(request, one, form)
    if possible and isinstance(form, MoveForm):
        with _refusals_into(request, form):
            move_unit(actor=actor, unit=one, **form.cleaned_data)
            messages.success(request, _("The unit was moved with all below it."))
            return redirect("security:unit", pk=pk)
    context: dict[str, Any] = {"unit": one, "form": form}
    status = form_status(request, form)
    target = form.cleaned_data.get("parent") if form.is_bound else None
    if target and not form.non_field_errors():
        context |= {"target": target, "preview": preview_move(one, target, timezone.now())}
        if not isinstance(form, MoveForm):
            context["form"] = MoveForm(initial={"parent": target}, actor=actor)
    return render(request, "security/unit_move.html", context, status=status)


def unit_or_404(request: HttpRequest, pk: int) -> Unit:
    """A unit of the reader's reach; whoever asks for another one is written down."""
    reader = signed_in(request)
    one = units_where(reader, MANAGE).select_related("parent").filter(pk=pk).first()
    if one is None:
        audit.record(
            "read", actor=reader, object_type="security.unit", object_id=pk, decision="denied"
        )
        raise Http404
    return one


def _on_trail(request: HttpRequest, pk: int, page: Page[Unit]) -> None:
    audit.record(
        "list",
        actor=signed_in(request),
        object_type="security.unit",
        object_id=pk,
        ids=[one.pk for one in page.object_list],
    )


def _level(parent: Unit, number: int) -> Page[Unit]:
    children = Unit.objects.filter(parent=parent).order_by(
        "dissolved_on", folded_field("name"), "pk"
    )
    return Paginator(with_counts(children), AT_ONCE).get_page(number)


def _possible(request: HttpRequest, one: Unit, form: WhereToForm) -> bool:
    with _refusals_into(request, form):
        check_move(signed_in(request), one, form.cleaned_data["parent"])
    return not form.errors


@contextmanager
def _refusals_into(request: HttpRequest, form: forms.Form) -> Iterator[None]:
    """What a service refuses stands in the form; the view then shows it again."""
    try:
        yield
    except RefusedError as refusal:
        record_refusal(request, refusal)
        for problem in refusal.problems:
            form.add_error("code" if problem.code == "code_taken" else None, problem.message)
