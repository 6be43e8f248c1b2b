"""Doors of the web side: every view that fetches a protected row comes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from security import audit, links
from security.levels import Secrecy
from security.models import Protected, User
from security.scope import allowed_by, may
from security.services import RefusedError
from security.watermark import mark_of

P = TypeVar("P", bound=Protected)
# Refusals that mean "not you": they go to the trail as denials, the others are slips of a form.
DENIALS = frozenset(
    {
        *("not_allowed", "own_role", "own_account", "own_work", "own_unit"),
        *("second_person", "two_people", "power", "above", "foreign_actions"),
        *("no_chain", "not_delegable", "other_organisation", "beyond_origin"),
        *("hidden_field", "hidden_filter", "unknown_field"),
    }
)
# What Django's fields call a choice that the page did not offer.
FORGED = frozenset({"invalid_choice", "invalid_list", "invalid_pk_value"})
View = Callable[..., HttpResponseBase]


def signed_in(request: HttpRequest) -> User:
    """The signed-in user; LoginRequiredMiddleware has turned everybody else away."""
    return cast("User", request.user)


def visible_or_404(request: HttpRequest, rows: QuerySet[P], **lookup: Any) -> P:
    """One protected row that the user may see; the read, or the denial, goes to the trail.

    rows: any queryset of a protected model, *not yet* restricted. Hidden and absent rows answer
    alike (404), so that nobody learns what exists.
    """
    row = unread_or_404(request, rows, **lookup)
    record_read(request, row)
    return row


def unread_or_404(request: HttpRequest, rows: QuerySet[P], **lookup: Any) -> P:
    """Like ``visible_or_404``, for a request that may end without showing anything of the row.

    A denial goes to the trail at once; whoever shows the row calls ``record_read``.
    """
    user = signed_in(request)
    row = rows.visible_to(user).filter(**lookup).first()  # type: ignore[attr-defined]
    if row is None:
        raise _denied(request, rows, lookup)
    return cast("P", row)


def linked_or_404(
    request: HttpRequest, rows: QuerySet[P], *, pk: int, purpose: str = links.VIEW
) -> P:
    """Like ``unread_or_404``, for stored files: the address must also bear a link made for this
    person, session, file and purpose not long ago (``security.links``). Any other answers alike.
    """
    try:
        links.check(request, kind=rows.model._meta.label_lower, pk=pk, purpose=purpose)
    except links.LinkError as error:
        raise _denied(request, rows, {"pk": pk}, str(error)) from None
    return unread_or_404(request, rows, pk=pk)


def _denied(
    request: HttpRequest, rows: QuerySet[Any], lookup: dict[str, Any], why: str = ""
) -> Http404:
    audit.record(
        "read",
        actor=signed_in(request),
        object_type=rows.model._meta.label_lower,
        object_id=str(next(iter(lookup.values()), ""))[:40],
        decision="denied",
        reason=why,
    )
    return Http404()


def absent_part(request: HttpRequest, kind: str, pk: int) -> Http404:
    """``raise absent_part(…)``: a part that does not belong to the row of the address.

    Somebody put together an address that no page gave him, so the denial goes to the trail.
    """
    audit.record(
        "read", actor=signed_in(request), object_type=kind, object_id=pk, decision="denied"
    )
    return Http404()


def record_read(request: HttpRequest, row: Protected) -> int:
    """One row of the trail, and its number: this person was shown this row."""
    user = signed_in(request)
    number = audit.record("read", actor=user, row=row, allowed_by=allowed_by(user, row))
    request.read_number = number  # type: ignore[attr-defined]
    return number


def mark_over(request: HttpRequest, row: Protected) -> list[str]:
    """The reader's mark over a picture of this row, which has been recorded as read; none at level 0."""
    if row.level == Secrecy.PUBLIC:
        return []
    number: int = request.read_number  # type: ignore[attr-defined]
    return mark_of(signed_in(request), now=timezone.now(), number=number)


def record_shown(request: HttpRequest, rows: Iterable[Protected]) -> None:
    """One line of the trail per kind: these rows stood in lists of a page that this person saw."""
    ids: dict[str, set[int]] = {}
    for row in rows:
        ids.setdefault(row._meta.label_lower, set()).add(row.pk)
    for kind, some in ids.items():
        audit.record("list", actor=signed_in(request), object_type=kind, ids=sorted(some))


def own_address(said: str, otherwise: str) -> str:
    """The address within this site that a form carried back (its ``next``), or ``otherwise``.

    Only a path from the root: Django would take a bare word for the name of a view.
    """
    own = said.startswith("/") and url_has_allowed_host_and_scheme(said, allowed_hosts=None)
    return said if own else otherwise


def record_refusal(request: HttpRequest, error: RefusedError) -> bool:
    """Put a service's "your role does not allow this" on the trail; whether it was one.

    Called after the service's transaction was rolled back, so the row stays.
    """
    denied = any(problem.code in DENIALS for problem in error.problems)
    if denied:
        _denied_here(request)
    return denied


def form_status(request: HttpRequest, *forms: BaseForm | None) -> int:
    """The status of a page with forms: 422 where it says what was wrong with them, else 200.

    Every view that shows a form again takes its status from here (tests/security/test_house_forms.py),
    so that a choice which no page offered, a unit, role or person out of reach, is on the trail.
    """
    filled = [form for form in forms if form is not None and form.is_bound]
    for form in filled:
        record_forged(request, form)
    return 422 if request.method == "POST" or any(form.errors for form in filled) else 200


def record_forged(request: HttpRequest, form: BaseForm) -> None:
    """Put a form whose choices no page offered on the trail: the names of its fields, no values."""
    fields = [
        name
        for name, errors in form.errors.as_data().items()
        if any(error.code in FORGED for error in errors)
    ]
    if fields:
        _denied_here(request, fields)


def record_foreign_choice(request: HttpRequest, name: str) -> None:
    """Like ``record_forged``, for a choice that a view reads without a form."""
    _denied_here(request, [name])


def _denied_here(request: HttpRequest, fields: Iterable[str] = ()) -> None:
    match = request.resolver_match
    audit.record(
        match.view_name if match else "refused",
        actor=request.user if request.user.is_authenticated else None,
        fields=fields,
        decision="denied",
        reason=request.path[:200],
    )


def refuse_query(request: HttpRequest, error: RefusedError) -> HttpResponse:
    """The page for a search or filter by a field that the reader may not read; on the trail."""
    record_refusal(request, error)
    return render(request, "security/query_refused.html", {"refusal": str(error)}, status=400)


def require_action(*actions: str) -> Callable[[View], View]:
    """Open a view only to people whose role allows one of the actions somewhere; others: 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = signed_in(request)
            if not any(may(user, action) for action in actions):
                audit.record(actions[0], actor=user, decision="denied", reason=request.path[:200])
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
