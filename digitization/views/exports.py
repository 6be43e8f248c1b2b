"""Exports: one's own, those to decide, one of them, its download."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from digitization import export_rules as rules
from digitization import services
from digitization.models import PageExport
from digitization.problems import problem
from digitization.selectors.exports import (
    APPROVE,
    EXPORT,
    able_to_decide,
    contents_for,
    decided_by,
    export_for,
    mine,
    to_decide,
)
from digitization.services.exports import tell
from digitization.views.shared import attempt
from security import audit, links
from security.http import record_refusal, record_shown, require_action, signed_in
from security.models import User
from security.scope import may
from security.services import RefusedError
from security.serving import blob_answer

KIND = "digitization.pageexport"
State = PageExport.State


@require_GET
@require_action(EXPORT, APPROVE)
def exports(request: HttpRequest) -> HttpResponse:
    """My exports with their states and the time left; requests that wait for me."""
    user = signed_in(request)
    own = mine(user)
    context: dict[str, object] = {
        "mine": own,
        "now": timezone.now(),
        "moving": any(one.moving for one in own),
    }
    context["seen"] = seen = _mark(user, own)
    if request.htmx:  # type: ignore[attr-defined]
        # New counts of exports that are on the screen already are no new reading.
        if request.GET.get("seen") != seen:
            audit.record("list", actor=user, object_type=KIND, ids=[one.pk for one in own])
        return render(request, "digitization/exports.html#mine", context)
    waiting = to_decide(user)
    context |= {
        "to_decide": waiting,
        "decided": decided_by(user),
        "can_ask": may(user, EXPORT),
        "can_decide": may(user, APPROVE),
    }
    audit.record("list", actor=user, object_type=KIND, ids=[one.pk for one in [*own, *waiting]])
    return render(request, "digitization/exports.html", context)


@require_GET
@require_action(EXPORT, APPROVE)
def export(request: HttpRequest, number: str) -> HttpResponse:
    """One export; for htmx its living part (204 where nothing changed)."""
    user = signed_in(request)
    row = _seen_or_404(request, number)
    context = {
        "export": row,
        "now": timezone.now(),
        "is_mine": row.asked_by_id == user.pk,
        "can_cancel": rules.may_follow(row.state, State.CANCELLED),
        "decides": row.asked_by_id != user.pk and row.state == State.ASKED,
        "second": able_to_decide(user, row.page_ids, timezone.now())
        if row.asked_by_id == user.pk and row.state == State.ASKED
        else [],
        "error": problem(_error(row)).message if row.error_code else "",
        "url": reverse("digitization:export", args=[row.number]),
    }
    if request.htmx:  # type: ignore[attr-defined]
        if request.GET.get("seen") == row.signature:
            return HttpResponse(status=204)
        return render(request, "digitization/export.html#live", context)
    context["contents"] = contents = contents_for(user, row)
    tell("read", row, actor=user)
    record_shown(request, contents)
    return render(request, "digitization/export.html", context)


def _mark(user: User, shown: list[PageExport]) -> str:
    """Says which exports the page at this person's screen names; nobody else can make it."""
    named = ",".join(one.number for one in shown)
    return salted_hmac("digitization.exports", f"{user.pk}:{named}").hexdigest()[:32]


def _error(row: PageExport) -> str:
    """The code of its sentence: two mean something else for pages being read."""
    known = {"worker_lost": "export_worker_lost", "unexpected": "export_unexpected"}
    return known.get(row.error_code, row.error_code)


@require_POST
@require_action(APPROVE)
def approve(request: HttpRequest, number: str) -> HttpResponse:
    def act(user: User, row: PageExport) -> str:
        done = services.approve_export(actor=user, export=row, now=timezone.now())
        if done.state == State.WITHDRAWN:
            return _("Whoever asked may no longer have these pages: the request has ended.")
        return _("Approved. The file is being made.")

    return _decided(request, number, act)


@require_POST
@require_action(APPROVE)
def refuse(request: HttpRequest, number: str) -> HttpResponse:
    def act(user: User, row: PageExport) -> str:
        reason = request.POST.get("reason", "").replace("\x00", "")
        services.refuse_export(actor=user, export=row, reason=reason, now=timezone.now())
        return _("Refused. Whoever asked sees the reason.")

    return _decided(request, number, act)


@require_POST
@require_action(EXPORT)
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    row = _own_or_404(request, number)
    attempt(
        request,
        lambda: services.cancel_export(actor=signed_in(request), export=row, now=timezone.now()),
        _("Cancelled. Nothing of it can be downloaded any more."),
    )
    return redirect("digitization:export", number=number)


@require_POST
@require_action(EXPORT)
def retry(request: HttpRequest, number: str) -> HttpResponse:
    row = _own_or_404(request, number)
    attempt(
        request,
        lambda: services.retry_export(actor=signed_in(request), export=row, now=timezone.now()),
        _("The file is made once more."),
    )
    return redirect("digitization:export", number=number)


@require_POST
@require_action(EXPORT)
def download(request: HttpRequest, number: str) -> HttpResponse:
    """To the file, by a link for this person, this session, this file and the next two minutes."""
    row = _own_or_404(request, number)
    token = links.issue(request, kind=KIND, pk=row.pk, purpose=links.DOWNLOAD)
    return redirect(f"{reverse('digitization:export_file', args=[number])}?{links.FIELD}={token}")


@require_GET
@require_action(EXPORT)
def file(request: HttpRequest, number: str) -> HttpResponseBase:
    """The bytes, if the asker may still have every page; on the trail before the first of them."""
    row = _own_or_404(request, number)
    try:
        links.check(request, kind=KIND, pk=row.pk, purpose=links.DOWNLOAD)
    except links.LinkError as error:
        raise _absent(request, number, str(error)) from None
    try:
        row = services.note_download(actor=signed_in(request), export=row, now=timezone.now())
    except RefusedError as error:
        record_refusal(request, error)
        messages.error(request, str(error))
        return redirect("digitization:export", number=number)
    if row.state != State.READY:
        return redirect("digitization:export", number=number)
    answer = blob_answer(request, row.blob, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
    return answer


def _decided(
    request: HttpRequest, number: str, act: Callable[[User, PageExport], str]
) -> HttpResponse:
    user = signed_in(request)
    row = _seen_or_404(request, number)
    if row.asked_by_id == user.pk:
        raise _absent(request, number, "own export")
    try:
        messages.success(request, act(user, row))
    except RefusedError as error:
        record_refusal(request, error)
        messages.error(request, str(error))
        return redirect("digitization:export", number=number)
    return redirect("digitization:exports")


def _seen_or_404(request: HttpRequest, number: str) -> PageExport:
    row = export_for(signed_in(request), number)
    if row is None:
        raise _absent(request, number)
    return row


def _own_or_404(request: HttpRequest, number: str) -> PageExport:
    row = export_for(signed_in(request), number)
    if row is None or row.asked_by_id != request.user.pk:
        raise _absent(request, number)
    return row


def _absent(request: HttpRequest, number: str, why: str = "") -> Http404:
    """Hidden, foreign and absent exports answer alike; the denial is on the trail."""
    audit.record(
        "read", actor=signed_in(request), object_type=KIND, object_id=number, decision="denied",
        reason=why,
    )  # fmt: skip
    return Http404()
