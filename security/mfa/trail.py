"""The trail of second factors: one line each time one comes, goes or is stood in for.

allauth tells of these only by signals of its own; like signing in, this is a place that listens.
Failed codes are written by the forms, which also see those that came too often.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from security import audit
from security.mfa.state import METHOD
from security.models import User
from security.services.sessions import end_sessions


def connect() -> None:
    """Called once, when the application is ready."""
    signals.authenticator_added.connect(_added, dispatch_uid="security.mfa_added")
    signals.authenticator_removed.connect(_removed, dispatch_uid="security.mfa_removed")
    signals.authenticator_reset.connect(_codes_made, dispatch_uid="security.mfa_codes")
    signals.authenticator_used.connect(_used, dispatch_uid="security.mfa_used")


def _added(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any
) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _write("mfa.codes_made", user, authenticator)
        return
    # Setting it up showed it: the code of the app was right, the key answered. "reauthenticated"
    # opens the recovery codes, which come next, without asking for the password once more.
    kind = {"id": authenticator.pk, "type": authenticator.type, "reauthenticated": True}
    record_authentication(request, user, METHOD, **kind)
    _write_and_end("mfa.added", request, user, authenticator)


def _removed(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any
) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _write("mfa.removed", user, authenticator)
    else:
        _write_and_end("mfa.removed", request, user, authenticator)


def _write_and_end(
    event: str, request: HttpRequest, user: User, authenticator: Authenticator
) -> None:
    """A session of before, elsewhere, was opened on other terms: it ends."""
    others = end_sessions(user, keep=request.session.session_key)
    audit.record(
        event,
        actor=user,
        object_type="security.user",
        object_id=user.pk,
        reason=f"{authenticator.type}, {others} other sessions ended",
    )


def _codes_made(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    _write("mfa.codes_made", user, authenticator)


def _used(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _write("mfa.code_used", user, authenticator)
    else:
        _write("mfa.shown", user, authenticator)


def _write(event: str, user: User, authenticator: Authenticator) -> None:
    audit.record(
        event,
        actor=user,
        object_type="security.user",
        object_id=user.pk,
        reason=authenticator.type,
    )
