"""E-mails in lists and in numbers: one's own, and the state of sending for whoever keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.models import Delivery
from security import letters
from security.models import User

State = Delivery.State
# Why a letter did not leave, or may have: codes of security.letters and dashboard.notices.mail.
WHY: dict[str, str | Promise] = {
    letters.UNREACHABLE: _("the mail server does not answer"),
    letters.LOGIN: _("the mail server refuses the product's sign-in"),
    letters.REFUSED: _("the mail server refused the e-mail"),
    letters.ADDRESS: _("the mail server refused the address"),
    letters.CUT: _("the connection broke while the e-mail was handed over"),
    "killed": _("the sender was stopped while the e-mail was handed over"),
    "too_old": _("it had waited for more than two days"),
    "no_address": _("there was no address, or the account was closed"),
    "nothing": _("all of it had been read already, or was no longer to be seen"),
}
LIGHTS = {
    State.WAITING: "grey",
    State.SENDING: "grey",
    State.SENT: "green",
    State.SKIPPED: "grey",
    State.FAILED: "red",
    State.UNSURE: "yellow",
}


def letters_of(user: User) -> QuerySet[Delivery]:
    """One's own e-mails, the latest first, each with the number of its notices."""
    return (
        Delivery.objects.filter(user=user)
        .annotate(told=Count("notices"))
        .order_by("-not_before", "-pk")
    )


@dataclass(frozen=True)
class Cause:
    words: str | Promise
    state: str
    number: int
    last: datetime | None


@dataclass(frozen=True)
class SendingState:
    """Numbers alone. ``late``: how many should have left ten minutes ago."""

    configured: bool
    server: str
    waiting: int
    late: int
    oldest: datetime | None
    failed: int
    unsure: int
    sent_today: int
    last_sent: datetime | None
    causes: tuple[Cause, ...]


def sending_state(now: datetime) -> SendingState:
    """Three queries, whatever waits."""
    due = Q(state=State.WAITING, not_before__lte=now)
    figures = Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(state=State.WAITING)),
        late=Count("pk", filter=due),
        oldest=Min("not_before", filter=due),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        unsure=Count("pk", filter=Q(state=State.UNSURE)),
        sent_today=Count("pk", filter=Q(sent_at__date=timezone.localdate(now))),
        last_sent=Max("sent_at"),
    )
    rows = (
        Delivery.objects.exclude(error="")
        .filter(state__in=[State.WAITING, State.FAILED, State.UNSURE])
        .order_by()
        .values("error", state_code=F("state"))
        .annotate(number=Count("pk"), last=Max("claimed_at"))
        .order_by("-number")
    )
    causes = tuple(
        Cause(
            WHY.get(row["error"], row["error"]),
            str(State(row["state_code"]).label),
            row["number"],
            row["last"],
        )
        for row in rows
    )
    return SendingState(configured=letters.configured(), server=server(), causes=causes, **figures)


def server() -> str:
    """Where letters go, without name and password."""
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return str(settings.EMAIL_FILE_PATH)
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
