"""Writing the trail. One call, one row; the caller's transaction decides whether it stays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import Error, connection

from security import trail_first
from security.context import current_origin

if TYPE_CHECKING:
    from security.models import Protected, User

_INSERT = """
INSERT INTO security_auditevent
    (actor_id, actor_name, session, address, request, action, object_type, object_id,
     object_level, object_path, object_ids, fields, decision, allowed_by, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING id
"""
# A reader is told "not now" rather than left waiting. Sent together with the INSERT, which makes
# them one transaction; a service's own transaction keeps the limits it has.
_SOON = "SET LOCAL lock_timeout = '5s';"


class TrailError(Exception):
    """The line could not be written: nothing may be shown or kept. Says the database's code only.

    The middleware answers 503; a job fails and is tried again.
    """


def record(
    action: str,
    *,
    actor: User | None,
    row: Protected | None = None,
    object_type: str = "",
    object_id: object = "",
    ids: Iterable[int] = (),
    fields: Iterable[str] = (),
    decision: str = "allowed",
    allowed_by: str = "",
    reason: str = "",
) -> int:
    """Append one event and return its number. Time, transaction id and number are the database's.

    action: ``area.verb`` in the past or the name of the permission used.
    row: the protected row concerned; its type, id, level and path are frozen into the event.
    ids: rows shown by a list. fields: names only, never values.
    Raises TrailError.
    """
    origin = current_origin()
    level, path = None, ""
    if row is not None:
        object_type, object_id = row._meta.label_lower, row.pk
        level, path = row.level, row.unit_path
    number = _insert(
        [
            actor.pk if actor else None,
            (actor.full_name or actor.username)[:150] if actor else "",
            origin.session,
            origin.address,
            origin.request,
            action,
            object_type,
            _text(str(object_id), 40),
            level,
            path,
            list(ids),
            list(fields),
            decision,
            _text(allowed_by or _under_emergency(actor), 120),
            _text(reason, 300),
        ]
    )
    trail_first.note_line()
    return number


def _insert(values: list[Any]) -> int:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT if connection.in_atomic_block else _SOON + _INSERT, values)
            (number,) = cursor.fetchone()
            return int(number)
    except Error as error:
        # The database's own message would repeat the line, and with it somebody's name.
        raise TrailError(getattr(error.__cause__, "pgcode", None) or type(error).__name__) from None


def _under_emergency(actor: User | None) -> str:
    """Marks whatever else is done while an emergency access is open, lists and searches too."""
    scopes = (actor._scopes or []) if actor else []
    opened = sorted({scope.grant_id for scope in scopes if scope.is_emergency})
    return "; ".join(f"emergency access {pk} open" for pk in opened)


def _text(said: str, length: int) -> str:
    """What an address or a form said, as the table can hold it: PostgreSQL knows no NUL, and a
    line of the trail must never be what makes a request fail."""
    return said.replace("\x00", "")[:length]
