"""Sending e-mail: the one way out of the house, for alarms and for notices.

Whether a letter that failed may be tried again depends on when it failed. Before the server was
given it, or where the server said no, it certainly did not leave; a connection that broke while it
was handed over leaves that open, and trying again could bring it twice.
"""

from __future__ import annotations

from contextlib import suppress
from smtplib import (
    SMTPAuthenticationError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

UNREACHABLE, LOGIN, REFUSED, ADDRESS, CUT = "unreachable", "login", "refused", "address", "cut"


class LetterError(Exception):
    """Not sent. ``code``: one of the above, never an address; ``certain``: it did not leave."""

    def __init__(self, code: str, kind: str) -> None:
        super().__init__(kind)
        self.code = code
        self.certain = code != CUT


def configured() -> bool:
    """Whether this installation was told how to send (``EMAIL_URL``)."""
    return bool(settings.EMAIL_READY)


def send(*, subject: str, text: str, to: list[str], html: str = "") -> None:
    """One letter to these people, from the installation; LetterError if it did not leave.

    The error's text is the kind of what went wrong alone: a server's words may hold addresses.
    """
    connection = get_connection()
    letter = EmailMultiAlternatives(subject, text, to=to, connection=connection)
    if html:
        letter.attach_alternative(html, "text/html")
    _open(connection)
    try:
        connection.send_messages([letter])
    except OSError as error:  # what smtplib raises is one, too
        raise LetterError(_code_of(error), type(error).__name__) from error
    finally:
        with suppress(OSError):
            connection.close()


def _open(connection: BaseEmailBackend) -> None:
    try:
        connection.open()
    except SMTPAuthenticationError as error:
        raise LetterError(LOGIN, type(error).__name__) from error
    except OSError as error:
        raise LetterError(UNREACHABLE, type(error).__name__) from error


def _code_of(error: OSError) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        return ADDRESS
    if isinstance(error, (SMTPResponseException, SMTPSenderRefused)):
        return REFUSED
    return CUT
