"""Who can see this record, what can this person see; opening a record to somebody for a time."""

from __future__ import annotations

from typing import Any, NoReturn, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from security import audit, explain
from security.explain.reach import EXPLAIN
from security.forms.roles import end_of
from security.forms.sharing import ShareForm, receivers_for
from security.http import form_status, record_refusal, require_action, signed_in
from security.kinds import grant_model, kind_called
from security.models import Protected, User
from security.scope import may
from security.services import RefusedError, end_share, share_row
from security.services.shares import SHARE
from security.views.shared import people_page, people_suggested

PAGE = 100
HOLDERS = {"person": "user_grants", "unit": "unit_grants"}


@require_http_methods(["GET", "POST"])
@require_action(EXPLAIN)
def who(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Everybody who sees one row and why; whoever may, opens it to somebody here (POST)."""
    row = _row_or_404(request, kind, pk)
    form = _share_form(request, row)
    if request.method == "POST":
        if form is None:
            _denied(request, SHARE, row)
        if form.is_valid() and _shared(request, row, form):
            return redirect("security:who", kind, pk)
    seers = explain.who_can_see(row, timezone.now())
    audit.record("access.explained", actor=signed_in(request), row=row)
    context = {
        "row": row,
        "kind": type(row).kind_name,
        "called": called(row),
        "readable": _is_read(request, row),
        "read_by": may(signed_in(request), "security.view_trail", row.unit),
        "page": Paginator(seers, PAGE).get_page(request.GET.get("page")),
        "form": form,
        "shares": _shares(row) if form is not None else [],
        "explained": {s.user.pk for s in seers if _explains(request, s.user)},
    }
    return render(request, "security/who.html", context, status=form_status(request, form))


@require_POST
@require_action(SHARE)
def share_end(request: HttpRequest, kind: str, pk: int, holder: str, grant: int) -> HttpResponse:
    row = _row_or_404(request, kind, pk)
    table = grant_model(type(row), HOLDERS.get(holder, ""))
    share = table.objects.filter(content_object=row, pk=grant).first() if table else None
    if share is None:
        _denied(request, SHARE, row)
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        messages.error(request, _("Say why it is closed."))
        return redirect("security:who", kind, pk)
    try:
        end_share(actor=signed_in(request), row=row, grant=share, reason=reason, now=timezone.now())
        messages.success(request, _("The record is closed to them again."))
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
    return redirect("security:who", kind, pk)


@require_GET
@require_action(SHARE)
def receiver_search(request: HttpRequest) -> HttpResponse:
    """Suggestions below the field of the person to whom a record is opened."""
    return people_suggested(request, receivers_for(signed_in(request)))


@require_GET
@require_action(EXPLAIN)
def explained_people(request: HttpRequest) -> HttpResponse:
    """People of one's reach, to ask what each of them sees."""
    return people_page(request, EXPLAIN, "security/explained_people.html")


@require_GET
@require_action(EXPLAIN)
def sees(request: HttpRequest, pk: int) -> HttpResponse:
    """What one person sees and why."""
    reader = signed_in(request)
    person = User.objects.select_related("unit").filter(pk=pk).first()
    known = person is not None and explain.may_explain_person(reader, person)
    audit.record(
        "access.person_explained",
        actor=reader,
        object_type="security.user",
        object_id=pk,
        decision="allowed" if known else "denied",
    )
    if person is None or not known:
        raise Http404
    sight = explain.what_can_see(person, timezone.now(), asker=reader)
    opened = [(one, one.row._meta.label_lower, called(one.row)) for one in sight.opened]
    context = {"person": person, "sight": sight, "opened": opened}
    return render(request, "security/sees.html", context)


@require_GET
def opened_to_me(request: HttpRequest) -> HttpResponse:
    """Records that were opened to oneself, or to a unit where one has a viewing role."""
    user = signed_in(request)
    opened = explain.opened_to_oneself(user, timezone.now())
    for label in sorted({one.row._meta.label_lower for one in opened}):
        ids = [one.row.pk for one in opened if one.row._meta.label_lower == label]
        audit.record("list", actor=user, object_type=label, ids=ids, allowed_by="object grant")
    return render(request, "security/opened.html", {"opened": opened})


def called(row: Protected) -> str:
    """The row's code, or its number where its kind has none: never a name."""
    return str(getattr(row, "code", "") or f"#{row.pk}")


def _row_or_404(request: HttpRequest, kind: str, pk: int) -> Protected:
    user, model = signed_in(request), kind_called(kind)
    row = None
    if model is not None:
        rows = explain.explained_rows(user, model).select_related("unit")
        row = rows.filter(pk=pk).first()
    if row is None:
        audit.record(
            "access.explained",
            actor=user,
            object_type=kind,
            object_id=pk,
            decision="denied",
        )
        raise Http404
    return cast("Protected", row)


def _denied(request: HttpRequest, action: str, row: Protected) -> NoReturn:
    audit.record(action, actor=signed_in(request), row=row, decision="denied")
    raise Http404


def _is_read(request: HttpRequest, row: Protected) -> bool:
    rows = type(row)._default_manager.visible_to(signed_in(request))
    return bool(row.detail_url) and rows.filter(pk=row.pk).exists()


def _share_form(request: HttpRequest, row: Protected) -> ShareForm | None:
    user = signed_in(request)
    if not (type(row).shareable and may(user, SHARE, row)):
        return None
    to_units = grant_model(type(row), "unit_grants") is not None
    return ShareForm(request.POST or None, actor=user, to_units=to_units)


def _shares(row: Protected) -> list[tuple[str, Any]]:
    """(holder, grant) of what was opened for a time and is in force, the first to end first."""
    found = []
    for holder, name in HOLDERS.items():
        table = grant_model(type(row), name)
        if table is not None:
            rows = table.objects.filter(content_object=row).in_force(timezone.now())
            person = "user" if holder == "person" else "grantee"
            rows = rows.exclude(valid_to=None).select_related(person, "granted_by")
            found += [(holder, grant) for grant in rows]
    return sorted(found, key=lambda one: one[1].valid_to)


def _shared(request: HttpRequest, row: Protected, form: ShareForm) -> bool:
    said = form.cleaned_data
    try:
        share_row(
            actor=signed_in(request),
            row=row,
            to=said["to"],
            until=end_of(said["until"]),
            reason=said["reason"],
            now=timezone.now(),
        )
    except RefusedError as refusal:
        record_refusal(request, refusal)
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The record is open to them until that day ends."))
    return True


def _explains(request: HttpRequest, person: User) -> bool:
    return explain.may_explain_person(signed_in(request), person)
