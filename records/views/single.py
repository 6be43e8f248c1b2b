"""Detail and edit page of one row of a register."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from records.codes import Codes
from records.display import PARTY_AGE_FROM, party_age_of, shown_groups
from records.fields import RecordField, fields_of, readable_fields
from records.forms import RecordForm
from records.history import changes_of, deleted_row
from records.models import Cadre, Member, Person
from records.registers import Register
from records.services.cleaning import codes_for
from security import audit
from security.http import form_status, record_read, record_refusal, signed_in, visible_or_404
from security.models import User
from security.scope import may
from security.services import RefusedError

EDIT = "records.edit"


def detail_page(request: HttpRequest, register: Register, pk: int) -> HttpResponse:
    row = _row_or_404(request, register, pk)
    user, now = signed_in(request), timezone.now()
    codes = _codes(row)
    readable = readable_fields(user, row, fields_of(type(row)))
    context = {
        "register": register,
        "row": row,
        "groups": shown_groups(user, row, codes, now=now),
        "changes": changes_of(user, row, codes),
        "party_age": _party_age(row, readable, now),
        "status": codes.name("membership_status", row.status)
        if isinstance(row, Member) and "status" in readable
        else "",
        "may_edit": may(user, EDIT, row),
        "listed": may(user, row.view_action),
    }
    return render(request, "records/detail.html", context)


def history_page(request: HttpRequest, register: Register, pk: int) -> HttpResponse:
    """Every change of a record, field by field; also of one that is no longer there."""
    user = signed_in(request)
    row = deleted_row(user, register.model, pk)
    is_deleted = row is not None
    if row is None:
        row = _row_or_404(request, register, pk)
    else:
        record_read(request, row)
    codes = _codes(row)
    context = {
        "register": register,
        "row": row,
        "is_deleted": is_deleted,
        "changes": changes_of(user, row, codes),
    }
    return render(request, "records/history.html", context)


def edit_page(request: HttpRequest, register: Register, pk: int) -> HttpResponse:
    row = _row_or_404(request, register, pk)
    user = signed_in(request)
    if not may(user, EDIT, row):
        audit.record(EDIT, actor=user, row=row, decision="denied")
        raise Http404
    fields = _editable(user, row)
    data = request.POST if request.method == "POST" else None
    form = RecordForm(data, row=row, record_fields=fields, codes=_codes(row))
    if data is not None and form.is_valid():
        try:
            register.save(
                row,
                actor=user,
                now=timezone.now(),
                edition=form.cleaned_data["edition"],
                values=form.values(),
                reason=form.cleaned_data["reason"],
                basis=form.cleaned_data["basis"],
            )
        except RefusedError as refused:
            record_refusal(request, refused)
            form.refuse(refused)
        else:
            messages.success(request, _("The change is saved."))
            return redirect(register.detail_url, pk=row.pk)
    context = {"register": register, "row": row, "form": form}
    return render(request, "records/edit.html", context, status=form_status(request, form))


def _party_age(row: Member | Cadre, readable: set[str], now: datetime) -> int | None:
    """Only where every date that it is counted from may be read."""
    if not isinstance(row, Member) or not readable >= PARTY_AGE_FROM:
        return None
    return party_age_of(row, now=now)


def _row_or_404(request: HttpRequest, register: Register, pk: int) -> Member | Cadre:
    rows = register.model._default_manager.select_related("person", "unit")
    return cast("Member | Cadre", visible_or_404(request, rows, pk=pk))


def _codes(row: Member | Cadre) -> Codes:
    return codes_for(fields_of(type(row)), day=timezone.localdate())


def _editable(user: User, row: Member | Cadre) -> list[RecordField]:
    """Fields in the form: those one may read; the person's only where he may edit the person."""
    fields = fields_of(type(row))
    readable = readable_fields(user, row, fields)
    of_person = may(user, EDIT, row.person)
    return [
        field
        for field in fields
        if field.key in readable and (of_person or field.register is not Person)
    ]
