from django.http import Http404, HttpRequest
from django.utils import timezone

from security import audit, selectors
from security.http import signed_in
from security.models import User


def asked_of(request: HttpRequest, name: str) -> str:
    """A text of the address."""
    return request.GET.get(name, "").strip()


def person_or_404(request: HttpRequest, pk: int) -> User:
    """A person whose unit the reader manages; the look, or the denial, goes to the trail."""
    reader = signed_in(request)
    user = selectors.people_managed_by(reader, timezone.now()).filter(pk=pk).first()
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
