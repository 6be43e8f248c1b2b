"""Whether e-mails leave: numbers alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.state.line import GREEN, GREY, RED, YELLOW, Line, moment
from dashboard.letters import sending_state

# The clock sends every minute; the server may be away for a moment.
LATE_AFTER = timedelta(minutes=30)


def mail(now: datetime) -> Line:
    title, state = _("E-mails of notices"), sending_state(now)
    url, word = reverse("notice_sending"), _("Sending of e-mails")
    if not state.configured:
        why = _("No mail server is set: people find their notices in the product alone.")
        return Line("mail", GREY, title, why, url=url, url_word=word)
    if state.failed:
        why = ngettext("%(n)d was given up.", "%(n)d were given up.", state.failed)
        advice = _("Mend what is in the way, then send them again.")
        return Line("mail", RED, title, why % {"n": state.failed}, advice, url=url, url_word=word)
    if state.oldest is not None and now - state.oldest > LATE_AFTER:
        why = ngettext(
            "%(n)d should have left, since %(at)s.",
            "%(n)d should have left, the first since %(at)s.",
            state.late,
        ) % {"n": state.late, "at": moment(state.oldest)}
        return Line(
            "mail", YELLOW, title, why, _("See whether the mail server answers."),
            url=url, url_word=word,
        )  # fmt: skip
    if state.unsure:
        why = ngettext(
            "%(n)d may or may not have left.", "%(n)d may or may not have left.", state.unsure
        ) % {"n": state.unsure}
        return Line("mail", YELLOW, title, why, url=url, url_word=word)
    why = _("None is late.")
    if state.last_sent is not None:
        why = _("None is late; the last left at %(at)s.") % {"at": moment(state.last_sent)}
    return Line("mail", GREEN, title, why, url=url, url_word=word)
