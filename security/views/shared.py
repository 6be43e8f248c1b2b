from collections.abc import Callable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from security import audit
from security.forms.person_field import FOUND_AT_MOST, find_people
from security.http import record_refusal, signed_in
from security.models import User
from security.selectors.managed import people_managed_by
from security.selectors.people import PeopleFilter, found_people
from security.services import RefusedError
from security.signin import name_mark


def asked_of(request: HttpRequest, name: str) -> str:
    """A text of the address."""
    return request.GET.get(name, "").strip()


def person_or_404(request: HttpRequest, pk: int) -> User:
    """A person whose unit the reader manages; the look, or the denial, goes to the trail."""
    reader = signed_in(request)
    user = people_managed_by(reader, timezone.now()).filter(pk=pk).first()
    audit.record(
        "read",
        actor=reader,
        object_type="security.user",
        object_id=pk,
        decision="allowed" if user else "denied",
    )
    if user is None:
        raise Http404
    return user


def people_page(request: HttpRequest, action: str, template: str) -> HttpResponse:
    """People on whose units the reader may do this, searched as the address says."""
    asked = PeopleFilter.of(request.GET)
    reader = signed_in(request)
    page = found_people(reader, timezone.now(), asked, action)
    audit.record(
        "search" if asked.text else "list",
        actor=reader,
        object_type="security.user",
        ids=[one.pk for one in page.people],
        reason=f"term {name_mark(asked.text)}" if asked.text else "",
    )
    return render(request, template, {"page": page, "asked": asked})


def people_suggested(
    request: HttpRequest, people: QuerySet[User], *, name: str = "person"
) -> HttpResponse:
    """What stands below the field ``name`` while a person's is typed there: two letters at least."""
    typed = asked_of(request, name)[:100]
    typed = typed if len(typed) > 1 else ""
    found = list(find_people(people, typed)[:FOUND_AT_MOST])
    audit.record(
        "search",
        actor=signed_in(request),
        object_type="security.user",
        ids=[one.pk for one in found],
        reason=f"term {name_mark(typed)}",
    )
    context = {"found": found, "name": name, "typed": typed}
    return render(request, "security/_people_found.html", context)


def reason_of(request: HttpRequest) -> str:
    """The reason a form gives; services ask for one where it is needed."""
    return request.POST.get("reason", "").replace("\x00", "").strip()[:200]


def tell(request: HttpRequest, act: Callable[[], str]) -> None:
    """Do something by a service and say how it went; a refusal of the person goes to the trail."""
    try:
        messages.success(request, act())
    except RefusedError as refusal:
        record_refusal(request, refusal)
        messages.error(request, str(refusal))
