"""Access reviews: the rounds, one round person by person, and the report to be signed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from security import audit
from security.forms.reviews import DecideForm, OpenReviewForm, SignOffForm
from security.http import form_status, record_refusal, require_action, signed_in
from security.models import AccessReview, ReviewItem
from security.scope import may
from security.selectors.emergencies import yearly
from security.selectors.reviews import (
    Progress,
    grouped,
    items_for,
    page_of_people,
    reviews_for,
    shown,
)
from security.services import RefusedError, close_review, decide, open_review
from security.services.reviews import may_sign_off
from security.views.shared import asked_of

REVIEW, APPROVE = "security.review_access", "security.approve_access"


@require_GET
@require_action(REVIEW)
def reviews(request: HttpRequest) -> HttpResponse:
    reader, now = signed_in(request), timezone.now()
    today = timezone.localdate(now)
    rounds = [(one, one.late(today)) for one in reviews_for(reader, now)]
    ids = [one.review.pk for one, _late in rounds]
    audit.record("list", actor=reader, object_type="security.accessreview", ids=ids)
    opens = may(reader, APPROVE)
    return render(request, "security/reviews.html", {"rounds": rounds, "may_open": opens})


@require_http_methods(["GET", "POST"])
@require_action(APPROVE)
def review_new(request: HttpRequest) -> HttpResponse:
    actor, now = signed_in(request), timezone.now()
    form = OpenReviewForm(request.POST or None, actor=actor, today=timezone.localdate(now))
    if request.method == "POST" and form.is_valid():
        try:
            opened = open_review(actor=actor, now=now, **form.cleaned_data)
            messages.success(request, _("The review is open."))
            return redirect("security:review", pk=opened.pk)
        except RefusedError as refusal:
            record_refusal(request, refusal)
            form.add_error(None, str(refusal))
    status = form_status(request, form)
    return render(request, "security/review_new.html", {"form": form}, status=status)


@require_GET
@require_action(REVIEW)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    reader, now = signed_in(request), timezone.now()
    progress = _progress_or_404(request, pk)
    number = asked_of(request, "page")
    every = asked_of(request, "show") == "all" or progress.review.closed_at is not None
    page, people = page_of_people(
        reader,
        progress.review,
        now,
        only_open=not every,
        number=int(number) if number.isdecimal() and len(number) < 7 else 1,
    )
    _list_on_trail(request, progress.review, list(page.object_list))
    context = {
        "progress": progress,
        "review": progress.review,
        "late": progress.late(timezone.localdate(now)),
        "page": page,
        "people": people,
        "every": every,
        "now": now,
        "closes": may_sign_off(reader, progress.review),
        "form": SignOffForm(),
    }
    return render(request, "security/review.html", context)


@require_POST
@require_action(REVIEW)
def review_decide(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Keep or end one role. Answers the row itself to a script, else goes back to the list."""
    reader, now = signed_in(request), timezone.now()
    row = shown(items_for(reader)).filter(review=pk, pk=item).select_related("review").first()
    if row is None:
        _denied(request, "security.reviewitem", item)
        raise Http404
    form = DecideForm(request.POST)
    problem = ""
    if form.is_valid():
        try:
            decide(actor=reader, item=row, now=now, **form.cleaned_data)
        except RefusedError as refusal:
            record_refusal(request, refusal)
            problem = str(refusal)
    else:
        problem = _("Say whether the role is still needed.")
    status = form_status(request, form) if problem else 200
    if not request.htmx:  # type: ignore[attr-defined]
        if problem:
            messages.error(request, problem)
        return redirect("security:review", pk=pk)
    row = shown(items_for(reader)).get(pk=item)
    context = {"item": row, "review": row.review, "now": now, "problem": problem, "just": True}
    return render(request, "security/_review_item.html", context, status=status)


@require_POST
@require_action(APPROVE)
def review_close(request: HttpRequest, pk: int) -> HttpResponse:
    progress = _progress_or_404(request, pk)
    form = SignOffForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the conclusion."))
        return redirect("security:review", pk=pk)
    try:
        close_review(
            actor=signed_in(request),
            review=progress.review,
            note=form.cleaned_data["note"],
            now=timezone.now(),
        )
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
        return redirect("security:review", pk=pk)
    messages.success(request, _("The review is signed off."))
    return redirect("security:review_report", pk=pk)


@require_GET
@require_action(REVIEW)
def review_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Who decided what and when, to be printed and signed; only for the whole of a review."""
    progress = _progress_or_404(request, pk)
    if not progress.is_whole:
        _denied(request, "security.accessreview", pk)
        raise Http404
    now = timezone.now()
    items = list(shown(ReviewItem.objects.filter(review=pk)))
    _list_on_trail(request, progress.review, [item.pk for item in items])
    context = {
        "progress": progress,
        "review": progress.review,
        "late": progress.late(timezone.localdate(now)),
        "people": grouped(items),
        "kept": sum(one.verdict == ReviewItem.Verdict.KEEP for one in items),
        "ended": sum(one.verdict == ReviewItem.Verdict.END for one in items),
        "emergencies": yearly(progress.review.unit, progress.review.closed_at or now),
        "now": now,
    }
    return render(request, "security/review_report.html", context)


def _progress_or_404(request: HttpRequest, pk: int) -> Progress:
    for one in reviews_for(signed_in(request), timezone.now()):
        if one.review.pk == pk:
            return one
    _denied(request, "security.accessreview", pk)
    raise Http404


def _denied(request: HttpRequest, kind: str, pk: int) -> None:
    audit.record(
        "read", actor=signed_in(request), object_type=kind, object_id=pk, decision="denied"
    )


def _list_on_trail(request: HttpRequest, review: AccessReview, items: list[int]) -> None:
    audit.record(
        "list",
        actor=signed_in(request),
        object_type="security.reviewitem",
        object_id=review.pk,
        ids=items,
    )
