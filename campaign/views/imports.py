"""Tables of tasks on their way in: uploaded, looked at, mended, taken in or dropped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaign.forms.importing import TableForm
from campaign.imports.files import problems_file, template_file
from campaign.imports.uploading import clean_name, sheet_from
from campaign.models import Campaign, TableImport, Task
from campaign.selectors.choosing import chosen_campaign
from campaign.services.importing import (
    Preview,
    ask_to_take_in,
    compare_again,
    drop_table,
    meanwhile,
    preview,
    receive_table,
    take_in,
)
from campaign.tables import TYPE
from campaign.tasks import take_in_table
from security import audit
from security.http import (
    absent_part,
    form_status,
    record_refusal,
    record_shown,
    require_action,
    signed_in,
)
from security.models import User
from security.services import RefusedError

MANAGE = "campaign.manage"
PAGE = 50
LISTED = 20
AT_ONCE = 40  # rows that change something; a worker takes more of them in
PATIENCE = timedelta(minutes=2)


@require_http_methods(["GET", "POST"])
@require_action(MANAGE)
def imports(request: HttpRequest) -> HttpResponse:
    """The tables that this person uploaded, and the form for another one."""
    campaign = chosen_campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        form = TableForm(request.POST, request.FILES)
        if form.is_valid() and (row := _received(request, form, campaign)) is not None:
            return redirect("campaign:import", pk=row.pk)
    rows = TableImport.objects.filter(by=signed_in(request), campaign=campaign)
    context = {
        "campaign": campaign,
        "form": form,
        "rows": rows.defer("rows", "versions")[:LISTED],
    }
    return render(request, "campaign/import_list.html", context, status=form_status(request, form))


def _received(request: HttpRequest, form: TableForm, campaign: Campaign) -> TableImport | None:
    upload: UploadedFile[Any] = form.cleaned_data["file"]
    try:
        return receive_table(
            actor=signed_in(request),
            campaign=campaign,
            name=clean_name(upload.name or ""),
            sheet=sheet_from(upload),
            now=timezone.now(),
        )
    except RefusedError as error:
        record_refusal(request, error)
        for problem in error.problems:
            form.add_error("file", problem.message)
    return None


@require_GET
@require_action(MANAGE)
def import_template(request: HttpRequest) -> HttpResponse:
    campaign = chosen_campaign(request)
    if campaign is None:
        return render(request, "campaign/no_campaign.html")
    return _file(template_file(campaign), f"{campaign.code}-nhiem-vu.xlsx")


@require_GET
@require_action(MANAGE)
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What each row would change, and what is wrong; htmx asks it while a worker takes it in."""
    return _show(request, _own(request, pk))


@require_GET
@require_action(MANAGE)
def import_problems(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    found = preview(row, now=timezone.now())
    return _file(problems_file(row, found.problems), f"loi-{row.pk}.xlsx")


@require_POST
@require_action(MANAGE)
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the table in: at once if it is short, else by a worker."""
    row, user, now = _own(request, pk), signed_in(request), timezone.now()
    found = preview(row, now=now)
    if len(found.changes) - len(found.of_kind("same")) > AT_ONCE:
        return _act(request, row, partial(_hand_to_worker, user, row, now), "")
    done = partial(take_in, actor=user, table=row, now=now)
    return _act(request, row, done, _("The table was taken in."))


def _hand_to_worker(user: User, row: TableImport, now: datetime) -> None:
    with transaction.atomic():
        ask_to_take_in(actor=user, table=row, now=now)
        transaction.on_commit(partial(take_in_table.delay, row.pk), robust=True)


@require_POST
@require_action(MANAGE)
def import_again(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    again = partial(compare_again, actor=signed_in(request), table=row, now=timezone.now())
    return _act(request, row, again, _("Compared with the tasks as they are now."))


@require_POST
@require_action(MANAGE)
def import_drop(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    try:
        drop_table(actor=signed_in(request), table=row, now=timezone.now())
    except RefusedError as error:
        record_refusal(request, error)
        return _show(
            request, _own(request, pk), refusal=_sentences(error), status=form_status(request)
        )
    messages.success(request, _("The table was dropped; no task changed."))
    return redirect("campaign:imports")


def _act(
    request: HttpRequest, row: TableImport, deed: Callable[[], object], said: str
) -> HttpResponse:
    try:
        deed()
    except RefusedError as error:
        record_refusal(request, error)
        return _show(
            request, _own(request, row.pk), refusal=_sentences(error), status=form_status(request)
        )
    if said:
        messages.success(request, said)
    return redirect("campaign:import", pk=row.pk)


def _sentences(error: RefusedError) -> list[str]:
    return [problem.message for problem in error.problems][:LISTED]


def _own(request: HttpRequest, pk: int) -> TableImport:
    """The import of this person; somebody else's does not exist for him."""
    rows = TableImport.objects.select_related("campaign", "by")
    row = rows.filter(pk=pk, by=signed_in(request)).first()
    if row is None:
        raise absent_part(request, "campaign.tableimport", pk)
    return row


def _show(
    request: HttpRequest, row: TableImport, *, refusal: list[str] | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {"table": row, "campaign": row.campaign, "refusal": refusal or []}
    if row.state == TableImport.State.APPLIED:
        context |= _told(request, row)
    elif row.state == TableImport.State.READ:
        context |= _waiting(request, row, preview(row, now=now))
    elif row.state == TableImport.State.TAKING:
        asked = datetime.fromisoformat(row.about["asked"])
        context |= {"asked": asked, "overdue": now - asked > PATIENCE}
    template = "campaign/import_detail.html"
    if request.htmx:  # type: ignore[attr-defined]
        template += "#table"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _waiting(request: HttpRequest, row: TableImport, found: Preview) -> dict[str, Any]:
    """Problems first; then what changes, what is new, what stays."""
    stale = meanwhile(row, found)
    lists: dict[str, tuple[str, list[Any]]] = {
        "problems": (_("Problems"), [*stale, *found.problems]),
        "changed": (_("Changes"), found.of_kind("changed")),
        "new": (_("New drafts"), found.of_kind("new")),
        "same": (_("Stay as they are"), found.of_kind("same")),
    }
    first = next((key for key, (_label, rows) in lists.items() if rows), "same")
    shown = request.GET.get("show", "")
    shown = shown if shown in lists else first
    page = Paginator(lists[shown][1], PAGE).get_page(request.GET.get("page"))
    if shown != "problems":
        record_shown(request, {one.task for one in page.object_list if one.task is not None})
    else:
        audit.record(
            "list", actor=signed_in(request), object_type="campaign.tableimport", ids=[row.pk]
        )
    counts = {key: len(rows) for key, (_label, rows) in lists.items()}
    return {
        "stale": stale,
        "shown": shown,
        "page": page,
        "tabs": [
            (f"?show={key}", label, counts[key], key == shown)
            for key, (label, _rows) in lists.items()
        ],
        "counts": counts,
        "ready": not stale and not found.problems and bool(counts["changed"] + counts["new"]),
        "does": _does(counts),
        **_links(page, shown),
    }


def _does(counts: dict[str, int]) -> str:
    changed, new = counts["changed"], counts["new"]
    parts = []
    if changed:
        parts.append(ngettext("%(n)s task changes", "%(n)s tasks change", changed) % {"n": changed})
    if new:
        parts.append(ngettext("%(n)s new draft", "%(n)s new drafts", new) % {"n": new})
    return ", ".join(parts)


def _told(request: HttpRequest, row: TableImport) -> dict[str, Any]:
    """What the table did, as it was written down then; a link only to what may still be seen."""
    page = Paginator(row.rows, PAGE).get_page(request.GET.get("page"))
    codes = [told["code"] for told in page.object_list]
    tasks = Task.objects.visible_to(signed_in(request)).filter(
        campaign=row.campaign, code__in=codes
    )
    known = {task.code: task for task in tasks}
    record_shown(request, known.values())
    return {
        "page": page,
        "told": [(told, known.get(told["code"])) for told in page.object_list],
        **_links(page, ""),
    }


def _links(page: Any, shown: str) -> dict[str, str]:
    before = f"?show={shown}&" if shown else "?"
    return {
        "newer_url": f"{before}page={page.previous_page_number()}" if page.has_previous() else "",
        "older_url": f"{before}page={page.next_page_number()}" if page.has_next() else "",
        "shown_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": page.start_index(),
            "last": page.end_index(),
            "total": page.paginator.count,
        },
    }


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
