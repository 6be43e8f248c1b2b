from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.utils import timezone

from security import audit
from security.http import record_refusal, signed_in
from security.models import User
from security.selectors.managed import people_managed_by
from security.services import RefusedError


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
