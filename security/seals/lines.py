"""The canonical text of a row of the trail. Its bytes in UTF-8 are what is hashed and exported.

One JSON array per row, as PostgreSQL's ``json_build_array`` writes it: ``, `` between values,
inner arrays without blanks, letters as they are. The first value names this format, the second is
the time in UTC to the microsecond, so that the month stands at a fixed place. Only functions of
``pg_catalog`` take part and the text is made by a statement of ours, never by a function kept in
the database: whoever can alter rows could alter that too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from security.merkle import leaf_hash

FORMAT = "audit-1"
COLUMNS = (
    *("id", "xid", "actor_id", "actor_name", "session", "address", "request", "action"),
    *("object_type", "object_id", "object_level", "object_path", "object_ids", "fields"),
    *("decision", "allowed_by", "reason"),
)
_MONTH = slice(13, 20)  # of ["audit-1", "2026-11-22T…
_LINE = (
    f"json_build_array('{FORMAT}', to_char(at AT TIME ZONE 'UTC', "
    '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), ' + ", ".join(COLUMNS) + ")::text"
)
# The order of the leaves is the order of the ids.
_WINDOW = (
    f"SELECT id, {_LINE} FROM public.security_auditevent "  # noqa: S608
    "WHERE xid >= %s AND xid < %s AND id > %s AND id <= %s ORDER BY id"
)
_MONTH_OF = (
    f"SELECT id, {_LINE} FROM public.security_auditevent "  # noqa: S608
    "WHERE xid >= %s AND xid < %s AND id > %s AND id <= %s "
    "AND to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') = %s ORDER BY id"
)
NO_END = 2**63 - 1


@dataclass(frozen=True)
class Window:
    """Rows written by transactions from_xid <= xid < upto_xid, with after_id < id <= until_id."""

    from_xid: int
    upto_xid: int
    after_id: int = 0
    until_id: int = NO_END


@dataclass(frozen=True)
class Line:
    id: int
    text: str

    @property
    def month(self) -> str:
        """``2026-11``: the month in UTC, as the partitions are cut."""
        return self.text[_MONTH]

    @property
    def named(self) -> str:
        """``row 12 (2026-11-22T08:30:00.000000Z, page.corrected)``, for whoever looks it up."""
        said = json.loads(self.text)
        return f"row {self.id} ({said[1]}, {said[2 + COLUMNS.index('action')]})"

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.text.encode())


def lines_in(window: Window, month: str = "") -> list[Line]:
    """The rows of the window in the order of their ids, or only those of one month."""
    asked: list[Any] = [window.from_xid, window.upto_xid, window.after_id, window.until_id]
    statement = _WINDOW
    if month:
        statement, asked = _MONTH_OF, [*asked, month]
    return list(_rows(statement, asked))


def _rows(statement: str, asked: list[Any]) -> Iterator[Line]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Nobody's function of the same name may stand before the built-in one.
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute(statement, asked)
        found = cursor.fetchall()
        cursor.execute("RESET search_path")
    return (Line(id=row_id, text=text) for row_id, text in found)


def line_of(row_id: int) -> Line | None:
    """The row of this id wherever it stands now."""
    statement = f"SELECT id, {_LINE} FROM public.security_auditevent WHERE id = %s LIMIT 1"  # noqa: S608
    return next(_rows(statement, [row_id]), None)
