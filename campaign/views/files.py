"""Files of a task: received, opened by a link that lives for two minutes, taken out of sight."""

from __future__ import annotations

from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.forms import FilesForm, ServiceForm
from campaign.models import Attachment, Task
from campaign.views.page import do, task_of
from security import audit, links
from security.fields import may_read
from security.http import absent_part, record_read, signed_in, unread_or_404
from security.serving import blob_answer

KIND = "campaign.attachment"


@require_POST
def attach(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    return do(
        request,
        task,
        "files",
        FilesForm(request.POST, request.FILES),
        lambda user, now, data: services.attach_all(
            actor=user, task=task, sent=data["proof"], now=now
        ),
        _("The files are kept with the task."),
        to="files",
    )


@require_POST
def remove(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    task = task_of(request, pk)
    row = _kept(request, task, file)
    return do(
        request,
        task,
        "remove",
        ServiceForm(request.POST),
        lambda user, now, data: services.remove_attachment(actor=user, attachment=row, now=now),
        _("The file is out of sight; it stays in the store as evidence."),
        to="files",
    )


@require_GET
def open_file(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """To the bytes, by a link for this person, this session, this file and the next two minutes."""
    task: Task = unread_or_404(request, Task.objects.select_related("unit"), pk=pk)
    row = _kept(request, task, file)
    token = links.issue(request, kind=KIND, pk=row.pk, purpose=links.DOWNLOAD)
    return redirect(f"{reverse('campaign:file_bytes', args=[row.pk])}?{links.FIELD}={token}")


@require_GET
def file_bytes(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The bytes as a download: never opened inside the product, whatever they are."""
    try:
        links.check(request, kind=KIND, pk=pk, purpose=links.DOWNLOAD)
    except links.LinkError as error:
        raise _absent(request, pk, str(error)) from None
    user = signed_in(request)
    found = Attachment.objects.visible_to(user).kept().filter(pk=pk)
    row = found.select_related("task", "stored").first()
    if row is None or not may_read(user, row.task, row.stored.level, row.stored.sensitivity):
        raise _absent(request, pk, "")
    record_read(request, row.task)
    audit.record("task.file_opened", actor=user, row=row.task, reason=f"file {row.pk}")
    answer = blob_answer(request, row.stored.blob, content_type=row.stored.media_type)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name)}"
    return answer


def _kept(request: HttpRequest, task: Task, pk: int) -> Attachment:
    row = task.attachments.kept().select_related("stored", "task").filter(pk=pk).first()
    if row is None or not may_read(
        signed_in(request), task, row.stored.level, row.stored.sensitivity
    ):
        raise absent_part(request, KIND, pk)
    return row


def _absent(request: HttpRequest, pk: int, why: str) -> Exception:
    audit.record(
        "read",
        actor=signed_in(request),
        object_type=KIND,
        object_id=pk,
        decision="denied",
        reason=why,
    )
    return Http404()
