"""One product: its rounds and evidence, handing it in, grading it criterion by criterion."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from campaign import services
from campaign.forms.products import GradeForm, HandInForm
from campaign.models import Product, Submission, Task
from campaign.selectors.rounds import ProductPage, product_page
from campaign.services.attaching import MEDIA_TYPES
from campaign.views.page import task_of
from security.http import absent_part, form_status, record_refusal, signed_in
from security.services import RefusedError


@require_GET
def product(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    """The product with its rounds, and what this reader may do with it now."""
    task = task_of(request, pk)
    return _page(request, task, _product(request, task, product))


@require_POST
def submit(request: HttpRequest, pk: int, product: int) -> HttpResponse:
    """Hand it in. What was typed comes back with what is wrong; nothing is half-written."""
    task = task_of(request, pk)
    row = _product(request, task, product)
    form = HandInForm(request.POST, request.FILES, criteria=row.criteria)
    if form.is_valid():
        try:
            services.hand_in(
                actor=signed_in(request), product=row, now=timezone.now(), **form.asked
            )
        except RefusedError as refused:
            row = _product(request, task, product)
            form = _placed_anew(request, form, row)
            form.refuse(refused)
            if record_refusal(request, refused):
                status = form_status(request, form)
                return _page(request, task, row, refusal=str(refused), status=status)
        else:
            messages.success(request, _("The product is handed in and waits for acceptance."))
            return redirect("campaign:product", pk=task.pk, product=row.pk)
    return _page(request, task, row, hand_in=form, status=form_status(request, form))


def _placed_anew(request: HttpRequest, form: HandInForm, row: Product) -> HandInForm:
    """The form beside the criteria as they are now, if they changed after the first reading."""
    if form.texts == row.criteria:
        return form
    anew = HandInForm(request.POST, request.FILES, criteria=row.criteria)
    anew.full_clean()
    return anew


@require_POST
def accept(request: HttpRequest, pk: int, submission: int) -> HttpResponse:
    """Grade a hand-in; never by the unit that handed it in."""
    task = task_of(request, pk)
    found = Submission.objects.filter(product__task=task, pk=submission).select_related("unit")
    row = found.first()
    if row is None:
        raise absent_part(request, "campaign.submission", submission)
    row.product = _product(request, task, row.product_id)
    form = GradeForm(request.POST, submission=row)
    if form.is_valid():
        try:
            graded = services.accept_product(
                actor=signed_in(request), submission=row, now=timezone.now(), **form.asked
            )
        except RefusedError as refused:
            form.refuse(refused)
            if record_refusal(request, refused):
                status = form_status(request, form)
                return _page(request, task, row.product, refusal=str(refused), status=status)
        else:
            messages.success(request, _("Graded %(grade)s.") % {"grade": graded.grade})
            return redirect("campaign:product", pk=task.pk, product=row.product_id)
    return _page(request, task, row.product, grade=form, status=form_status(request, form))


def _product(request: HttpRequest, task: Task, pk: int) -> Product:
    row = task.products.prefetch_related("signing_units").filter(pk=pk).first()
    if row is None:
        raise absent_part(request, "campaign.product", pk)
    row.task = task
    return row


def _page(
    request: HttpRequest,
    task: Task,
    row: Product,
    *,
    hand_in: HandInForm | None = None,
    grade: GradeForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    page = product_page(signed_in(request), task, row, now=timezone.now())
    context = {
        "task": task,
        "page": page,
        "product": row,
        "line": page.line,
        "refusal": refusal,
        **_forms(page, hand_in, grade),
    }
    return render(request, "campaign/product.html", context, status=status)


def _forms(
    page: ProductPage, hand_in: HandInForm | None, grade: GradeForm | None
) -> dict[str, Any]:
    """The form this reader may use, empty or as he sent it; nobody is shown a form he may not use,
    because it may list people."""
    if page.may_submit:
        form = hand_in or HandInForm(criteria=page.product.criteria)
        return {"hand_in": form, "kinds": ",".join(MEDIA_TYPES)}
    if page.may_grade and page.waiting:
        grade = grade or GradeForm(submission=page.waiting.submission)
        rows = zip(page.waiting.criteria, grade.by_criterion, strict=False)
        return {"grade": grade, "grade_rows": list(rows)}
    left = hand_in or grade
    # Somebody else was faster: what was typed is told, so that it is not lost.
    return {"overtaken": left} if left is not None and left.is_bound else {}
