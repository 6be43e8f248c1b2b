"""Sending the prepared e-mails: codes, colours, dates and links; never a name with a fact."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign.models import Task
from dashboard.models import Delivery, Notice
from dashboard.words import light_word

log = logging.getLogger(__name__)
BATCH = 100
ATTEMPTS = 5
AGAIN_AFTER = timedelta(minutes=10)
State = Delivery.State


def send_due(*, now: datetime) -> tuple[int, int]:
    """Send what may leave now: (sent, failed). A letter is claimed before it is sent.

    Killed between sending and noting it, a letter stays claimed as failed and is tried again:
    rather twice than never, which the log of deliveries shows.
    """
    sent = failed = 0
    while True:
        with transaction.atomic():
            letter = (
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("user")
                .filter(state=State.WAITING, not_before__lte=now)
                .order_by("not_before", "pk")
                .first()
            )
            if letter is None:
                return sent, failed
            if _send(letter, now):
                sent += 1
            else:
                failed += 1


def _send(letter: Delivery, now: datetime) -> bool:
    """One letter; a failure is noted by its kind alone and tried again later."""
    notices = list(Notice.objects.visible_to(letter.user).filter(deliveries=letter))
    letter.attempts += 1
    if not letter.user.email or not letter.user.is_active or not notices:
        return _give_up(letter, "no address" if not letter.user.email else "nothing to tell")
    try:
        message_of(letter, notices).send()
    except OSError as error:  # smtplib's errors are OSErrors, too
        log.warning("letter %d was not sent: %s", letter.pk, type(error).__name__)
        letter.error = type(error).__name__[:120]
        letter.not_before = now + AGAIN_AFTER * letter.attempts
        letter.state = State.FAILED if letter.attempts >= ATTEMPTS else State.WAITING
        letter.save()
        return False
    letter.state, letter.sent_at, letter.error = State.SENT, now, ""
    letter.save()
    return True


def _give_up(letter: Delivery, why: str) -> bool:
    letter.state, letter.error = State.FAILED, why
    letter.save()
    return False


def message_of(letter: Delivery, notices: list[Notice]) -> EmailMessage:
    """The e-mail in Vietnamese: how many of what, then a code, a colour and a link a line."""
    with translation.override(settings.LANGUAGE_CODE):
        number = len(notices)
        subject = ngettext("%(n)s notice", "%(n)s notices", number) % {"n": number}
        tasks = Task.objects.in_bulk({n.task_id for n in notices if n.task_id})
        lines = [_line(notice, tasks) for notice in notices]
        body = "\n".join(
            [
                *lines,
                "",
                _("Open the product to read them: %(url)s") % {"url": _url(reverse("notices"))},
            ]
        )
    return EmailMessage(f"Sáu Rõ: {subject}", body, to=[letter.user.email])


def _line(notice: Notice, tasks: dict[int, Task]) -> str:
    task = tasks.get(notice.task_id or 0)
    said = str(notice.get_kind_display())
    if light := notice.said.get("to"):
        said = light_word(light)
    if task is None:
        return f"- {said}"
    return f"- {task.code}: {said} – {_url(reverse('campaign:task_detail', args=[task.pk]))}"


def _url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
