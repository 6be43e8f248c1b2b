"""Sending the prepared letters: each is claimed before it leaves, so none is sent twice knowingly.

docs/adr/0027: at most once handed to the mail server. What certainly did not leave is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from dashboard.models import Delivery, Notice
from dashboard.notices import rules
from dashboard.notices.letterbox import hours_of
from dashboard.notices.writing import letter_of
from security import audit, letters
from security.models import User

Clock = Callable[[], datetime]
log = logging.getLogger(__name__)
State = Delivery.State
# In one run; the next begins a minute later.
AT_MOST = 500
# The server itself is not there: asking for every other letter would only take long.
SERVER_IS_AWAY = frozenset({letters.UNREACHABLE, letters.LOGIN})

# The outcome of a letter that waits for the end of its reader's quiet hours.
QUIET = "quiet"


def send_due(*, now: datetime, clock: Clock | None = None) -> tuple[int, int]:
    """Send what may leave now: (sent, not sent). Any number of processes may run this at once.

    ``clock`` tells the time anew for every letter, as a slow server lets hours pass in one run;
    without it time stands still at ``now``.
    """
    if not letters.configured():
        return 0, 0
    sent, failed, clock = 0, 0, clock or (lambda: now)
    leave_dead_claims(now=now)
    for _number in range(AT_MOST):
        at = clock()
        letter = claim(now=at) if at - now < rules.RUN_ENDS_AFTER else None
        if letter is None:
            break
        outcome = send_claimed(letter, clock=clock)
        sent += outcome == ""
        failed += outcome not in {"", QUIET}
        if outcome in SERVER_IS_AWAY:
            break
    return sent, failed


@transaction.atomic
def claim(*, now: datetime) -> Delivery | None:
    """Take the oldest letter that may leave; committed before anything is sent."""
    letter = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("user")
        .filter(state=State.WAITING, not_before__lte=now)
        .order_by("not_before", "pk")
        .first()
    )
    if letter is not None:
        letter.state, letter.claimed_at = State.SENDING, now
        letter.attempts += 1
        letter.save(update_fields=["state", "claimed_at", "attempts"])
    return letter


def leave_dead_claims(*, now: datetime) -> int:
    """Claims whose process died: they may have left, so nobody sends them again by itself."""
    dead = Delivery.objects.filter(state=State.SENDING, claimed_at__lt=now - rules.CLAIM_DEAD_AFTER)
    return dead.update(state=State.UNSURE, error="killed")


def send_claimed(letter: Delivery, *, clock: Clock) -> str:
    """Send a claimed letter and note how it went; returns "" or the code of what was in the way."""
    now = clock()
    if now - letter.not_before > rules.TOO_OLD and not _leave_old_ones_out(letter, now):
        return _note(letter, State.SKIPPED, "too_old")
    notices = list(Notice.objects.visible_to(letter.user).unread().filter(deliveries=letter))
    if not letter.user.email or not letter.user.is_active:
        return _note(letter, State.SKIPPED, "no_address")
    if not notices:
        return _note(letter, State.SKIPPED, "nothing")
    hours = hours_of([letter.user_id]).get(letter.user_id, rules.Hours())
    if rules.is_quiet(now, hours):
        return _put_off(letter, until=rules.quiet_end(now, hours))
    said = letter_of(notices)
    try:
        letters.send(subject=said.subject, text=said.text, html=said.html, to=[letter.user.email])
    except letters.LetterError as error:
        log.warning("letter %d was not sent: %s", letter.pk, error)
        return _failed(letter, error, clock())
    Delivery.objects.filter(pk=letter.pk).update(state=State.SENT, sent_at=clock(), error="")
    return ""


def _leave_old_ones_out(letter: Delivery, now: datetime) -> bool:
    """What was found lately joined a letter that had waited for days; False: it holds no such."""
    news = list(letter.notices.filter(created_at__gt=now - rules.TOO_OLD))
    if news:
        letter.notices.set(news)
    return bool(news)


def _put_off(letter: Delivery, *, until: datetime) -> str:
    """It was to leave earlier and could not, or was asked for at night: this was no attempt."""
    Delivery.objects.filter(pk=letter.pk).update(
        state=State.WAITING, not_before=until, attempts=F("attempts") - 1
    )
    return QUIET


def _failed(letter: Delivery, error: letters.LetterError, now: datetime) -> str:
    if not error.certain:
        return _note(letter, State.UNSURE, error.code)
    hours = hours_of([letter.user_id]).get(letter.user_id, rules.Hours())
    again = rules.next_try(letter.attempts, now, hours)
    if again is None:
        return _note(letter, State.FAILED, error.code)
    Delivery.objects.filter(pk=letter.pk).update(
        state=State.WAITING, not_before=again, error=error.code
    )
    return error.code


def _note(letter: Delivery, state: str, code: str) -> str:
    Delivery.objects.filter(pk=letter.pk).update(state=state, error=code)
    return code


@transaction.atomic
def send_again(*, actor: User, now: datetime, unsure: bool) -> int:
    """Put given-up letters back into the queue; with ``unsure`` those that may have been sent.

    The latter may then come twice: whoever asks for it was told so.
    """
    rows = Delivery.objects.filter(state=State.UNSURE if unsure else State.FAILED)
    pks = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=pks).update(
        state=State.WAITING, attempts=0, not_before=now, error=""
    )
    audit.record(
        "letters.sent_again",
        actor=actor,
        object_type="dashboard.delivery",
        ids=pks,
        reason="unsure" if unsure else "",
    )
    return len(pks)
