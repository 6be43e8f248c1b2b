"""Moving the date of one product, by a leader."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaign import services
from campaign.forms import ReviseForm
from campaign.rules import end_of, last_day
from campaign.services.access import may_decide
from campaign.services.deadlines import APPROVE
from campaign.views.page import carried_out, product_of, task_of
from security.http import absent_part, form_status, require_action, signed_in


@require_http_methods(["GET", "POST"])
@require_action(APPROVE)
def move(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    """The form, and the deed; what was typed comes back with what is wrong."""
    user, task = signed_in(request), task_of(request, pk)
    row = product_of(request, task, product)
    if not may_decide(user, APPROVE, task, timezone.now()):
        raise absent_part(request, "campaign.product", product)
    form = ReviseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        request,
        form,
        lambda now: services.revise_product_deadline(
            actor=user,
            product=row,
            deadline=end_of(form.cleaned_data["day"], before=False),
            reason=form.cleaned_data["reason"],
            now=now,
        ),
    ):
        messages.success(request, _("The deadline is moved; the original stays visible."))
        return redirect("campaign:product", pk=task.pk, product=row.pk)
    deadline = row.deadline or task.deadline
    context = {
        "task": task,
        "product": row,
        "form": form,
        "day": last_day(deadline) if deadline else None,
        "task_day": last_day(task.deadline) if task.deadline else None,
    }
    status = form_status(request, form)
    return render(request, "campaign/product_deadline.html", context, status=status)
